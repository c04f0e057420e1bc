"""How it fails: the real trainer's exceptions, where the real one raises them, and what is left on the screen."""

import json
import re
from pathlib import Path

import pytest

from tests.rehearsal.bench import Bench, Result
from tests.rehearsal.scalars import scalars

FEW = ("--max_train_steps", "3", "--output_dir", "fails", "--output_name", "f", "--save_every_n_steps", "100")
BASE = ("sample_", "log_", "logging_dir", "output_dir", "output_name", "save_", "max_train_steps")


@pytest.fixture(scope="module")
def failing(cached: tuple[Bench, Result, Result]) -> Bench:
    cached[0].write_golden("train_config.toml", "plain.toml", without=BASE)
    return cached[0]


def _without(bench: Bench, name: str, *keys: str) -> str:
    bench.write_golden("train_config.toml", f"{name}.toml", without=(*BASE, *keys))
    return f"data/{name}.toml"


@pytest.mark.parametrize(
    ("without", "arguments", "last"),
    [
        (("dataset_config",), (), "ValueError: dataset_config is required / dataset_configが必要です"),
        (("dit",), (), "ValueError: path to DiT model is required / DiTモデルのパスが必要です"),
        ((), ("--dit", "none"), "FileNotFoundError: [Errno 2] No such file or directory: 'none'"),
        ((), ("--fp8_scaled",), "AssertionError: fp8_scaled requires fp8_base / fp8_scaledはfp8_baseが必要です"),
        (("sdpa",), (), "ValueError: either --sdpa, --flash-attn, --flash3, --sage-attn or --xformers must be"),
        (("network_module",), (), "AttributeError: 'NoneType' object has no attribute 'startswith'"),
        (("optimizer_type",), (), "AttributeError: module 'torch.optim' has no attribute ''"),
        ((), ("--log_with", "all"), "ValueError: logging_dir is required when log_with is tensorboard / "),
        ((), ("--resume", "none-state"), "ValueError: Tried to find none-state but folder does not exist"),
        ((), ("--blocks_to_swap", "39"), "AssertionError: Cannot swap more than 19 double blocks and 39 single blocks. "
         "Requested 19 double blocks and 41 single blocks."),
        (("split_attn",), (), "NotImplementedError: No Attn Installed or batch_size > 1 is not supported in this "
         "configuration. Try `--split_attn`."),
        ((), ("--save_every_n_steps", "0"), "ZeroDivisionError: "),
    ],
)  # fmt: skip
def test_causes_have_the_real_one_s_last_line(
    failing: Bench, without: tuple[str, ...], arguments: tuple[str, ...], last: str
) -> None:
    config = _without(failing, "less", *without) if without else "data/plain.toml"
    result = failing.train(config, *FEW, *arguments)
    assert result.code == 1
    assert result.last_line.startswith(last)


def test_an_empty_cache(failing: Bench, tmp_path: Path) -> None:
    text = (failing.data / "ds.toml").read_text().replace(f"{failing.data}/cache", str(tmp_path))
    (tmp_path / "ds.toml").write_text(text)
    result = failing.train("data/plain.toml", *FEW, "--dataset_config", str(tmp_path / "ds.toml"))
    assert result.code == 1
    assert result.last_line.startswith(
        "ValueError: No training items found in the dataset. Please ensure that the latent"
    )


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("[general]\ncache_directory = 'x'\n", "extra keys not allowed @ data['general']['cache_directory']"),
        ("[[datasets]]\nbatch_size = 'x'\n", "expected int for dictionary value @ data['datasets'][0]['batch_size']"),
        ("[[datasets]]\nfp_1f_clean_indices = 1\n",
         "expected a list for dictionary value @ data['datasets'][0]['fp_1f_clean_indices']"),
    ],
)  # fmt: skip
def test_a_dataset_file_that_does_not_fit_its_schema(failing: Bench, tmp_path: Path, text: str, last: str) -> None:
    (tmp_path / "ds.toml").write_text(text)
    result = failing.train("data/plain.toml", "--dataset_config", str(tmp_path / "ds.toml"))
    assert result.last_line == f"voluptuous.error.MultipleInvalid: {last}"


def test_out_of_memory_ends_in_a_traceback_the_bar_and_the_launcher_s_traceback(failing: Bench) -> None:
    arguments = ("-m", "fptui.rehearsal.fpack_train_network", "--config_file", "data/plain.toml", *FEW)
    result = failing.run("launch", *arguments, FPTUI_REHEARSAL_FAIL="out-of-memory@2")
    text = result.stderr.decode()
    assert result.code == 1
    found = re.search(r"\ntorch\.OutOfMemoryError: CUDA out of memory\. Tried to allocate 1\.50 GiB\. GPU 0 has", text)
    assert found
    last_bar = text.rindex("\rsteps: ")
    assert found.start() < last_bar < text.rindex("Traceback (most recent call last):")
    assert re.match(r"\rsteps: +33%\|[^|]*\| 1/3 \[[^\]]*avr_loss=[\d.]+\] *\n", text[last_bar:])
    assert result.last_line.endswith("returned non-zero exit status 1.")


def test_a_crash_and_a_switch_that_nobody_knows(failing: Bench) -> None:
    crash = failing.train("data/plain.toml", *FEW, FPTUI_REHEARSAL_FAIL="crash@1")
    assert (crash.code, crash.last_line) == (1, "RuntimeError: CUDA error: an illegal memory access was encountered")
    other = failing.train("data/plain.toml", *FEW, FPTUI_REHEARSAL_FAIL="flood@1")
    assert other.last_line.startswith("ValueError: FPTUI_REHEARSAL_FAIL: 'flood'")


def test_a_loss_that_is_no_number_does_not_end_the_run(failing: Bench) -> None:
    result = failing.train("data/plain.toml", *FEW, FPTUI_REHEARSAL_FAIL="nan@2")
    assert result.code == 0
    assert re.search(rb"3/3 [^\r]*avr_loss=nan", result.stderr)
    assert b"Warning" not in result.stderr


def test_a_state_of_another_rank_is_refused(failing: Bench) -> None:
    assert failing.train("data/plain.toml", *FEW, "--save_state", "--output_name", "rank").code == 0
    result = failing.train("data/plain.toml", *FEW, "--network_dim", "8", "--resume", "fails/rank-state")
    assert result.code == 1
    assert "RuntimeError: Error(s) in loading state_dict" in result.stderr.decode()
    assert "size mismatch for lora_unet_" in result.last_line


def test_the_learning_rate_of_a_resume_is_the_state_s(failing: Bench) -> None:
    assert failing.train("data/plain.toml", *FEW, "--save_state", "--output_name", "rate").code == 0
    again = (*FEW, "--save_state", "--output_name", "rate2", "--learning_rate", "5", "--resume", "fails/rate-state")
    assert failing.train("data/plain.toml", *again).code == 0
    state = json.loads((failing.root / "fails/rate2-state/scheduler.bin").read_text())
    assert state == {"last_epoch": 6, "base_lrs": [1e-4]}


def test_old_checkpoints_and_states_go_as_the_settings_compute(failing: Bench) -> None:
    result = failing.train(
        "data/plain.toml", "--max_train_steps", "12", "--output_dir", "last", "--output_name", "x", "--save_state",
        "--save_every_n_steps", "2", "--save_last_n_steps", "4", "--save_last_n_steps_state", "1",
    )  # fmt: skip
    assert result.code == 0
    names = sorted(path.name for path in (failing.root / "last").iterdir())
    steps = [f"x-step000000{step}.safetensors" for step in ("08", "10", "12")]
    assert [name for name in names if name.endswith(".safetensors")] == [*steps, "x.safetensors"]
    assert [name for name in names if name.endswith("-state")] == ["x-state", "x-step00000012-state"]
    assert b"removing old checkpoint: last/x-step00000002.safetensors" in result.stdout
    assert b"removing old state: last/x-step00000010-state" in result.stderr


def test_epochs_have_names_of_their_own_and_not_the_last(failing: Bench) -> None:
    arguments = (
        "--max_train_epochs",
        "3",
        "--save_every_n_epochs",
        "1",
        "--output_dir",
        "epochs",
        "--output_name",
        "e",
    )
    result = failing.train("data/plain.toml", *arguments)
    names = sorted(path.name for path in (failing.root / "epochs").iterdir())
    assert names == ["e-000001.safetensors", "e-000002.safetensors", "e.safetensors"]
    assert "override steps. steps for 3 epochs is / 指定エポックまでのステップ数: 12" in result.stdout.decode()


def test_wandb_alone_is_said_not_to_be_there(failing: Bench) -> None:
    result = failing.train("data/plain.toml", *FEW, "--log_with", "wandb", "--logging_dir", "wandb-logs")
    assert result.code == 0
    assert result.stderr.count(b"wandb") == 1
    assert not (failing.root / "wandb-logs").exists()


def test_other_people_s_caches_are_removed_or_kept(failing: Bench, tmp_path: Path) -> None:
    text = (failing.data / "ds.toml").read_text().replace(f"{failing.data}/cache", str(tmp_path / "cache"))
    (tmp_path / "ds.toml").write_text(text)
    foreign = tmp_path / "cache/old_0064x0096_fp.safetensors"
    foreign.parent.mkdir()
    foreign.write_bytes(b"")
    arguments = ("--dataset_config", str(tmp_path / "ds.toml"), "--vae", "w/vae.safetensors", "--image_encoder",
                 "w/ie.safetensors", "--one_frame")  # fmt: skip
    kept = failing.run("fpack_cache_latents", *arguments, "--keep_cache")
    assert f"Keep cache file not in the dataset: {foreign}" in kept.stderr.decode()
    removed = failing.run("fpack_cache_latents", *arguments, "--skip_existing")
    assert f"Removed old cache file: {foreign}" in removed.stderr.decode()
    assert b"Saving cache" not in removed.stdout
    assert not foreign.exists()


ARTICLE = """\
dit = "w/FramePackI2V_HY_bf16.safetensors"
vae = "w/vae.safetensors"
text_encoder1 = "w/te1.safetensors"
text_encoder2 = "w/te2.safetensors"
image_encoder = "w/ie.safetensors"
dataset_config = "data/ds.toml"
blocks_to_swap = 20
split_attn = true
img_in_txt_in_offloading = true
seed = 42
mixed_precision = "bf16"
sdpa = true
network_module = "networks.lora_framepack"
network_dim = 32
network_alpha = 16
optimizer_type = "adamw8bit"
learning_rate = 1e-3
gradient_checkpointing = true
max_data_loader_n_workers = 1
persistent_data_loader_workers = true
max_train_steps = 5000
timestep_sampling = "shift"
discrete_flow_shift = 6.0
fp8_llm = true
vae_chunk_size = 32
vae_spatial_tile_sample_min_size = 128
one_frame = true
save_every_n_steps = 100
sample_at_first = true
sample_every_n_steps = 100
sample_prompts = "data/sp.txt"
save_state = true
save_state_on_train_end = true
output_dir = "article"
output_name = "my-framepack-project-v8"
huggingface_repo_id = "my-id/my-framepack-models"
huggingface_repo_type = "model"
huggingface_path_in_repo = "/"
save_state_to_huggingface = true
log_with = "wandb"
log_tracker_name = "my-framepack-project"
log_config = true
"""


def test_a_real_config_runs_as_it_is_and_uploads_nothing(failing: Bench) -> None:
    (failing.data / "article.toml").write_text(ARTICLE)
    result = failing.train("data/article.toml", "--max_train_steps", "2", "--huggingface_token", "hf_secret")
    assert result.code == 0, result.stderr.decode()
    assert b"Swapping 20 blocks, double blocks: 10, single blocks: 21" in result.stdout
    assert b"use 8-bit AdamW optimizer | {}" in result.stderr
    assert b"huggingface_repo_id: a rehearsal uploads nothing" in result.stderr
    assert b"hf_secret" not in result.stdout + result.stderr
    assert (failing.root / "article/my-framepack-project-v8-state/random_states_0.pkl").exists()


def test_a_resume_goes_on_where_the_state_was(failing: Bench) -> None:
    rates = ("--lr_scheduler", "constant_with_warmup", "--lr_warmup_steps", "6", "--learning_rate", "1e-3")
    half = ("--output_dir", "resumes", "--save_state", "--save_every_n_steps", "3", *rates)
    assert failing.train("data/plain.toml", "--max_train_steps", "3", "--output_name", "a", *half).code == 0
    again = ("--max_train_steps", "3", "--output_name", "b", "--resume", "resumes/a-state")
    result = failing.train("data/plain.toml", *again, *half, "--logging_dir", "resumes/logs")
    assert result.code == 0
    (events,) = (failing.root / "resumes/logs").glob("*/network_train/events.out.tfevents.*")
    curve = scalars(events)["lr/unet"]
    assert [step for step, _ in curve] == [1, 2, 3]
    assert [rate for _, rate in curve] == pytest.approx([1e-3 * 4 / 6, 1e-3 * 5 / 6, 1e-3])
    assert (failing.root / "resumes/b-step00000003.safetensors").exists()
