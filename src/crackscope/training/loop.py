"""The loop: phases, epochs and steps, with a state on disk after every epoch."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor, nn

from crackscope.errors import TrainingError
from crackscope.networks import CrackNetwork, Output
from crackscope.recipes import Phase, Recipe
from crackscope.training import checkpoints
from crackscope.training.batches import Batch, Source
from crackscope.training.checkpoints import State
from crackscope.training.losses import dense_loss, pooled_loss, score_loss
from crackscope.training.recalling import from_both_sides, recall_loss
from crackscope.training.records import Epoch, Listener, Progress, nobody


class Logger(Protocol):
    """Hears of every epoch: the history file, TensorBoard."""

    def epoch(self, history: list[Epoch]) -> None:
        """Called after the state of the epoch is on disk."""


class Loop:
    """Trains the part of a network that learns in one phase.

    network: already frozen as the phase says. tail: the part behind the frozen prefix, sharing its parameters.
    class_weights: of sound and crack. state: is brought up to date after every epoch and saved to `file`.
    """

    def __init__(self, network: CrackNetwork, tail: nn.Module, recipe: Recipe, state: State, file: Path) -> None:
        self.network, self.tail, self.recipe, self.state, self.file = network, tail, recipe, state, file
        self.phase: Phase = recipe.phases[state.counters.phase]
        self.device = next(network.parameters()).device
        if recipe.head.kind == "dense":
            # Convolutions over whole pictures are a third faster with the channels of a pixel side by side.
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # absent from torch's stubs
        self.optimiser = make_optimiser(network, self.phase)
        self.class_weights = torch.ones(2, device=self.device)
        self.autocast = recipe.precision == "bfloat16" and fast_bfloat16(self.device)
        self.memory: nn.Module | None = None
        self.listener: Listener = nobody
        self.logger: Logger | None = None
        checkpoints.restore_optimiser(self.optimiser, state.optimiser)
        self._began = time.monotonic()
        self._first_epoch = state.counters.epoch

    def run(self, source: Source) -> None:
        """Go through the epochs that are left of this phase; ends with the weights that the phase hands on."""
        counters = self.state.counters
        while counters.epoch < self.phase.epochs and not counters.stopped:
            begun = time.monotonic()
            trained = self._train(source)
            with self._averaged():
                validated = self._validate(source)
                self._remember(validated[0])
            seconds = time.monotonic() - begun
            rate = self.optimiser.param_groups[0]["lr"]
            row = Epoch(
                phase=counters.phase + 1,
                epoch=counters.epoch + 1,
                train_loss=trained[0],
                train_accuracy=trained[1],
                val_loss=None if math.isnan(validated[0]) else validated[0],
                val_accuracy=None if math.isnan(validated[1]) else validated[1],
                learning_rate=float(rate),
                seconds=round(seconds, 3),
            )
            counters.history.append(row)
            counters.epoch += 1
            counters.total += 1
            counters.used_s += seconds
            self._stop_if_due()
            self._save()
        self._finish()

    def _train(self, source: Source) -> tuple[float, float]:
        """One epoch over the training batches. Returns mean loss and accuracy."""
        counters = self.state.counters
        torch.manual_seed((self.recipe.seed * 1_000_003 + counters.total) % 2**63)
        self.tail.train()
        if self.phase.norms == "fixed":
            for name, module in self.tail.named_modules():
                if isinstance(module, nn.BatchNorm2d) and name.startswith("steps."):
                    module.eval()
        total, right, rows = 0.0, 0.0, 0
        for step, batch in enumerate(source.epoch(counters.total)):
            self._set_rate(counters.epoch + step / source.steps)
            loss, hits = self._step(batch.to(self.device), step)
            count = len(batch.labels)
            total, right, rows = total + loss * count, right + hits, rows + count
            if self.phase.average:
                self._average(counters.epoch * source.steps + step)
            self._tell(step + 1, source.steps, total / rows, right / rows)
        return total / rows, right / rows

    def _step(self, batch: Batch, step: int) -> tuple[float, float]:
        self.optimiser.zero_grad(set_to_none=True)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.autocast):
            output: Output = self.tail(batch.inputs)
        loss = self._loss(output, batch)
        value = loss.item()
        if not math.isfinite(value):
            self._refuse(step, "the loss")
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it without annotations
        norm = nn.utils.clip_grad_norm_(self._learning(), 10.0 if self.phase.loss == "dense" else math.inf)
        if not math.isfinite(norm.item()):
            self._refuse(step, "a gradient")
        self.optimiser.step()
        hits = ((output.score.detach() > 0).float() == batch.labels).sum().item()
        return value, hits

    def _loss(self, output: Output, batch: Batch) -> Tensor:
        weights = self.class_weights[batch.labels.long()]
        if batch.trust is not None:
            weights = weights * batch.trust
        if self.phase.loss != "dense":
            return pooled_loss(output, batch.labels, weights)
        assert batch.masks is not None
        assert batch.masked is not None
        doubted = torch.zeros_like(batch.masked) if batch.trust is None else batch.trust < 1
        loss = dense_loss(output, batch.labels, weights, batch.masks, batch.masked, doubted)
        return loss if batch.unspoilt is None else loss + self._recall(output, batch)

    def _recall(self, output: Output, batch: Batch) -> Tensor:
        """What is asked of a network that shall not forget what it began with."""
        assert self.memory is not None
        assert batch.unspoilt is not None
        assert batch.asked is not None
        with torch.no_grad(), torch.autocast(self.device.type, torch.bfloat16, enabled=self.autocast):
            memory = from_both_sides(self.memory, batch.unspoilt)
        return self.recipe.mixture.recall * recall_loss(output, batch.asked, memory)

    def _refuse(self, step: int, what: str) -> None:
        counters = self.state.counters
        kept = f"the last good state is kept in {self.file}, " if self.file.exists() else ""
        raise TrainingError(
            f"{what} is no longer a number in phase {counters.phase + 1}, epoch {counters.epoch + 1}, step {step + 1} "
            f"(learning rate {self.optimiser.param_groups[0]['lr']:.2g}): the rate is too high, or a picture or weight "
            f"is damaged; {kept}lower phases.learning_rate and start anew"
        )

    @torch.no_grad()
    def _validate(self, source: Source) -> tuple[float, float]:
        self.tail.eval()
        total, right, rows = 0.0, 0.0, 0
        for batch in source.validation():
            there = batch.to(self.device)
            output: Output = self.tail(there.inputs)
            total += score_loss(output, there.labels).sum().item()
            right += ((output.score > 0).float() == there.labels).sum().item()
            rows += len(batch.labels)
        return (total / rows, right / rows) if rows else (math.nan, math.nan)

    def _learning(self) -> list[nn.Parameter]:
        return [parameter for parameter in self.network.parameters() if parameter.requires_grad]

    def _set_rate(self, epoch: float) -> None:
        factor = 1.0
        if self.phase.schedule == "cosine":
            factor = 0.5 * (1 + math.cos(math.pi * epoch / self.phase.epochs))
        for group in self.optimiser.param_groups:
            group["lr"] = group["initial_lr"] * factor

    def _average(self, step: int) -> None:
        """Moving average of all that learns; young averages follow faster, so that the start is soon forgotten."""
        decay = min(self.phase.average, (1 + step) / (10 + step))
        for name, tensor in learned(self.network).items():
            kept = self.state.average.get(name)
            if kept is None or not tensor.is_floating_point():
                self.state.average[name] = tensor.detach().clone()
            else:
                kept.lerp_(tensor.detach(), 1 - decay)

    @contextmanager
    def _averaged(self) -> Iterator[None]:
        """The network with its averaged weights, for as long as the context lasts."""
        if not self.state.average:
            yield
            return
        own = {name: tensor.detach().clone() for name, tensor in learned(self.network).items()}
        put(self.network, self.state.average)
        yield
        put(self.network, own)

    def _remember(self, val_loss: float) -> None:
        counters, rule = self.state.counters, self.phase.early_stopping
        # Without validation rows each epoch is the best; with some, one whose loss is no number is not.
        if counters.best_loss is None or val_loss < counters.best_loss:
            counters.best_loss, counters.since_best = None if math.isnan(val_loss) else val_loss, 0
            if rule.restore_best:
                self.state.best = {name: tensor.detach().clone() for name, tensor in learned(self.network).items()}
        else:
            counters.since_best += 1

    def _stop_if_due(self) -> None:
        counters, patience = self.state.counters, self.phase.early_stopping.patience
        if patience and counters.since_best >= patience:
            counters.stopped = "early"
        if self.recipe.time_budget_s and counters.used_s >= self.recipe.time_budget_s:
            counters.stopped = "time"

    def _save(self) -> None:
        self.state.learned.update({name: tensor.detach().clone() for name, tensor in learned(self.network).items()})
        self.state.optimiser = checkpoints.optimiser_tensors(self.optimiser)
        checkpoints.save(self.state, self.file)
        if self.logger:
            self.logger.epoch(self.state.counters.history)

    def _finish(self) -> None:
        """Hand on the best weights, or the averaged, or the last; and clear the state for the next phase."""
        put(self.network, self.state.best or self.state.average)
        self.state.learned.update({name: tensor.detach().clone() for name, tensor in learned(self.network).items()})
        counters = self.state.counters
        self.state.optimiser, self.state.average, self.state.best = {}, {}, {}
        counters.phase, counters.epoch, counters.best_loss, counters.since_best = counters.phase + 1, 0, None, 0
        if counters.stopped == "early":
            counters.stopped = "" if counters.phase < len(self.recipe.phases) else "early"
        checkpoints.save(self.state, self.file)

    def _tell(self, done: int, total: int, loss: float, accuracy: float) -> None:
        counters = self.state.counters
        passed = (counters.epoch - self._first_epoch) * total + done
        left = (self.phase.epochs - self._first_epoch) * total - passed
        progress = Progress(
            stage="training",
            phase=counters.phase + 1,
            phases=len(self.recipe.phases),
            epoch=counters.epoch + 1,
            epochs=self.phase.epochs,
            done=done,
            total=total,
            seconds_left=(time.monotonic() - self._began) / passed * left,
            figures={"loss": loss, "accuracy": accuracy},
        )
        self.listener(progress)


def learned(network: CrackNetwork) -> dict[str, Tensor]:
    """Everything that this phase changes: parameters that learn, and the statistics of the norms that do."""
    tensors: dict[str, Tensor] = {n: p for n, p in network.named_parameters() if p.requires_grad}
    for name, module in network.named_modules():
        if isinstance(module, nn.BatchNorm2d) and any(p.requires_grad for p in module.parameters()):
            tensors |= {f"{name}.{key}": buffer for key, buffer in module.named_buffers()}
    return tensors


@torch.no_grad()
def put(network: CrackNetwork, tensors: dict[str, Tensor]) -> None:
    """Copy tensors into the network, by name; the others stay."""
    there = dict(network.named_parameters()) | dict(network.named_buffers())
    for name, tensor in tensors.items():
        there[name].copy_(tensor)


def make_optimiser(network: CrackNetwork, phase: Phase) -> torch.optim.Optimizer:
    """The phase's optimiser over all that learns; the backbone at its own rate, vectors without weight decay."""
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            groups.setdefault((name.startswith("steps."), parameter.ndim > 1), []).append(parameter)
    listed = [
        {
            "params": parameters,
            "lr": phase.learning_rate * (phase.backbone_rate if in_backbone else 1),
            "initial_lr": phase.learning_rate * (phase.backbone_rate if in_backbone else 1),
            "weight_decay": phase.weight_decay if matrix else 0.0,
        }
        for (in_backbone, matrix), parameters in sorted(groups.items(), key=lambda item: item[0])
    ]
    if phase.optimiser == "sgd":
        return torch.optim.SGD(listed, lr=phase.learning_rate, momentum=0.9)
    kinds: dict[str, Callable[..., torch.optim.Optimizer]] = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
    # One pass over all parameters: many small ones leave the processor waiting between its threads.
    return kinds[phase.optimiser](listed, lr=phase.learning_rate, fused=True)


def fast_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 is faster than float32 there: the processor or the GPU multiplies it itself."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags
