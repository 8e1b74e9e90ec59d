"""`python -m crackscope`, for where the script is not on the path."""

import sys

from crackscope.cli import main

sys.exit(main())
