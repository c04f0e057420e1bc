"""The rehearsal held against real runs of musubi-tuner 0.3.4, record by record."""

import json
import re
from pathlib import Path

import pytest

from fptui.rehearsal import tensors
from tests.rehearsal.bench import GOLDEN, Bench, Result
from tests.rehearsal.records import records
from tests.rehearsal.scalars import scalars

MARKER = "INFO:fptui.rehearsal:rehearsal, not musubi-tuner: a tiny network on the CPU"
FP8 = "INFO:musubi_tuner.frame_pack.framepack_utils:Moving and casting text encoder to cpu and torch.float8_e4m3fn"

Cached = tuple[Bench, Result, Result]


def golden(name: str) -> bytes:
    return (GOLDEN / name).read_bytes()


def agreed(found: list[str]) -> list[str]:
    """Less the only differences that are meant, each for its reason."""
    out = []
    for record in found:
        if record == MARKER:  # nobody may take a rehearsal for a training
            continue
        if record == FP8:  # the golden run's text encoders were stand-ins that did not say it; the real ones do
            continue
        # a tiny network has fewer layers
        text = re.sub(r"(create LoRA for U-Net/DiT:|enable LoRA for U-Net:) \d+ modules", r"\1 N modules", record)
        # the golden run had no CUDA state to load and gave up on all of them
        text = text.replace("Could not load random states", "All random states loaded successfully")
        out.append(text)
    return out


def assert_same(result: bytes, bench: Bench, name: str) -> None:
    assert agreed(records(result, bench)) == agreed(records(golden(name)))


def test_cache_latents_says_what_the_real_one_says(cached: Cached) -> None:
    bench, latents, _ = cached
    assert latents.code == 0
    assert latents.stderr.decode().splitlines()[0] == MARKER
    assert_same(latents.stdout, bench, "cache_latents_stdout.txt")
    mine = [record for record in records(latents.stderr, bench) if not record.endswith(" batches")]
    theirs = [record for record in records(golden("cache_latents_stderr.raw")) if not record.endswith(" batches")]
    assert agreed(mine) == theirs
    assert "4 batches" in records(latents.stderr, bench)


def test_cache_text_says_what_the_real_one_says(cached: Cached) -> None:
    bench, _, text = cached
    assert text.code == 0
    assert_same(text.stdout, bench, "cache_te_stdout.txt")
    mine = [record for record in records(text.stderr, bench) if not record.endswith(" batches")]
    theirs = [record for record in records(golden("cache_te_stderr.raw")) if not record.endswith(" batches")]
    assert agreed(mine) == theirs
    assert "4 batches" in records(text.stderr, bench)


@pytest.mark.parametrize("name", ["t0_0064x0096_fp.safetensors", "t0_fp_te.safetensors"])
def test_caches_hold_the_tensors_and_metadata_of_the_real_ones(cached: Cached, name: str) -> None:
    path = cached[0].data / "cache" / name
    real = json.loads(golden("safetensors_metadata.json"))[f"data/cache/{name}"]
    assert tensors.read_metadata(path) == real["metadata"]
    # float16 as with the real encoders; the golden run's stand-ins were float32
    assert sorted(tensors.read(path)) == [key.replace("float32", "float16") for key in real["first_keys"]]


@pytest.fixture(scope="module")
def trained(cached: Cached) -> tuple[Bench, Result]:
    bench = cached[0]
    # Slow enough that every step's bar is painted, as it was in the golden run.
    result = bench.run(
        "launch", "--mixed_precision", "bf16", "-m", "fptui.rehearsal.fpack_train_network", "--config_file",
        "data/cfg.toml", FPTUI_REHEARSAL_STEP_SECONDS="0.12",
    )  # fmt: skip
    assert result.code == 0, result.stderr.decode()
    return bench, result


def test_training_says_what_the_real_one_says(trained: tuple[Bench, Result]) -> None:
    bench, result = trained
    assert_same(result.stdout, bench, "train_stdout.txt")
    assert_same(result.stderr, bench, "train_stderr.raw")


def _tree(paths: list[str]) -> list[str]:
    """Without what differs from run to run: the time, the host and the process."""
    plain = [re.sub(r"\d{14}", "TIME", re.sub(r"\d{9,}\.\d+(?=/)", "SECONDS", path)) for path in paths]
    return sorted(re.sub(r"tfevents\.\d+\.[^/]*\.(\d+)$", r"tfevents.\1", path) for path in plain)


def test_training_leaves_the_same_files(trained: tuple[Bench, Result]) -> None:
    work = trained[0].root / "work"
    mine = [str(path.relative_to(work)) for path in work.rglob("*") if path.is_file()]
    # other tests of this bench write elsewhere
    assert _tree([path for path in mine if path.startswith(("out/", "logs/"))]) == _tree(
        golden("train_file_tree.txt").decode().split()
    )


@pytest.mark.parametrize("name", ["myrun-step00000004", "myrun"])
def test_a_checkpoint_has_the_metadata_of_the_real_one(trained: tuple[Bench, Result], name: str) -> None:
    path = trained[0].root / f"work/out/{name}.safetensors"
    real = json.loads(golden("safetensors_metadata.json"))[f"out/{name}.safetensors"]["metadata"]
    mine = tensors.read_metadata(path)
    assert sorted(mine) == sorted(real)
    # models that exist are named by their last part; the golden run's were stand-ins without a file
    of_this_run = r"modelspec\.date|ss_.*_at|ss_session_id|sshs_model_hash|ss_sd_model_name|ss_vae_name"
    differing = {key for key in mine if mine[key] != real[key] and not re.fullmatch(of_this_run, key)}
    assert differing == set()
    assert {key.rsplit("_blocks_", 1)[0] for key in tensors.read(path)} == {
        "lora_unet_transformer", "lora_unet_single_transformer",
    }  # fmt: skip


def _curves(folder: Path) -> dict[str, list[int]]:
    (path,) = folder.glob("*/network_train/events.out.tfevents.*")
    return {tag: [step for step, _ in curve] for tag, curve in scalars(path).items()}


def _golden_curves(name: str) -> dict[str, list[int]]:
    real = json.loads(golden("tensorboard_scalars.json"))[name]
    return {tag: [step for step, _ in curve] for tag, curve in real.items()}


def test_tensorboard_gets_the_same_tags_at_the_same_steps(trained: tuple[Bench, Result]) -> None:
    bench, result = trained
    assert _curves(bench.root / "work/logs") == _golden_curves("train")
    (path,) = (bench.root / "work/logs").glob("*/network_train/events.out.tfevents.*")
    bars = re.findall(rb"10/10 [^\r]*avr_loss=([\d.]+)", result.stderr)
    assert f"{scalars(path)['loss/average'][-1][1]:.3g}" == bars[-1].decode()


_NO_SAMPLES = ("sample_", "log_", "logging_dir", "output_dir", "vae_chunk", "max_train_steps")


@pytest.fixture(scope="module")
def resumed(cached: Cached) -> tuple[Bench, Result]:
    bench = cached[0]
    bench.write_golden(
        "train_config.toml", "cfg_res.toml", without=_NO_SAMPLES, extra=f'output_dir = "{bench.root}/work/res"\n'
    )
    assert bench.train("data/cfg_res.toml", "--max_train_steps", "4").code == 0
    link = bench.root / "res"
    link.symlink_to(bench.root / "work/res")
    result = bench.train(
        "data/cfg_res.toml", "--max_train_steps", "6", "--resume", "res/myrun-step00000004-state/",
        FPTUI_REHEARSAL_STEP_SECONDS="0.12",
    )  # fmt: skip
    assert result.code == 0, result.stderr.decode()
    return bench, result


def test_a_resume_says_what_the_real_one_says(resumed: tuple[Bench, Result]) -> None:
    bench, result = resumed
    assert_same(result.stdout, bench, "resume_stdout.txt")
    assert_same(result.stderr, bench, "resume_stderr.raw")


def test_a_resume_counts_from_nothing_and_writes_over_its_own_files(resumed: tuple[Bench, Result]) -> None:
    state = resumed[0].root / "work/res/myrun-step00000004-state"
    # four steps before and four after: the truth is in the state alone
    assert json.loads((state / "scheduler.bin").read_text())["last_epoch"] == 8
    assert tensors.read_metadata(state.with_name("myrun-step00000004.safetensors"))["ss_steps"] == "4"


def test_accumulation_logs_every_micro_batch(cached: Cached) -> None:
    bench = cached[0]
    bench.write_golden("train_config.toml", "cfg_res.toml", without=(*_NO_SAMPLES, "save_every"))
    result = bench.train(
        "data/cfg_res.toml", "--gradient_accumulation_steps", "3", "--max_train_steps", "4", "--output_dir", "l4",
        "--logging_dir", "l4logs", FPTUI_REHEARSAL_STEP_SECONDS="0.12",
    )  # fmt: skip
    assert_same(result.stderr, bench, "train_accum3_stderr.raw")
    assert _curves(bench.root / "l4logs") == _golden_curves("train_accum3")
