"""Tokens: what a trainer never gets, and none of one in config.toml in what a run keeps."""

import pytest

from fptui.core.musubi.trainer_toml import CannotDrop, flattened
from fptui.core.secrets import CONFIG_TOKENS, NEVER_PASSED, SECRET_NAMES, blank, secret_names, trainer_environment
from fptui.core.standard_toml import loads

TOKEN, OTHER = "hf_aBcDeFgHiJkLmNoPqRsTuVwX", "0123456789abcdef" * 2 + "01234567"
EVERY = dict.fromkeys(SECRET_NAMES, TOKEN)


def blanked(text: str) -> tuple[str, dict[str, str]]:
    return blank(text, flattened(loads(text)))


@pytest.mark.parametrize(
    "name",
    [
        "RUNPOD_API_KEY", "FPTUI_RUNPOD_API_KEY", "COLUMNS", "LINES", "TQDM_NCOLS", "TQDM_ASCII", "TQDM_DISABLE",
        "TQDM_MININTERVAL", "TMUX", "TMUX_PANE",
    ],
)  # fmt: skip
def test_a_trainer_does_not_get(name: str) -> None:
    assert trainer_environment({name: "80", "PATH": "/bin"}) == {"PATH": "/bin", "PYTHONUNBUFFERED": "1"}


def test_a_trainer_gets_the_rest() -> None:
    given = {"HF_TOKEN": TOKEN, "WANDB_API_KEY": OTHER, "CUDA_VISIBLE_DEVICES": "1", "PYTHONUNBUFFERED": "0", "E": ""}
    before = dict(given)
    assert trainer_environment(given) == {**before, "PYTHONUNBUFFERED": "1"}
    assert given == before


def test_names_of_secrets_and_never_their_values() -> None:
    assert secret_names(EVERY) == ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "WANDB_API_KEY")
    assert secret_names({"WANDB_API_KEY": OTHER, "HF_TOKEN": "", "PATH": "/bin"}) == ("WANDB_API_KEY",)
    assert not set(NEVER_PASSED) & set(trainer_environment(EVERY))
    assert set(CONFIG_TOKENS.values()) <= set(SECRET_NAMES)


@pytest.mark.parametrize(
    ("text", "left", "variables"),
    [
        (f'dit = "a"\nhuggingface_token = "{TOKEN}"\nseed = 1\n', 'dit = "a"\n\nseed = 1\n', {"HF_TOKEN": TOKEN}),
        (f"[hub]\n'wandb_api_key'='{OTHER}' # mine\nx = 1", "[hub]\n\nx = 1", {"WANDB_API_KEY": OTHER}),
        (f'  "huggingface_token"\t= """{TOKEN}"""', "", {"HF_TOKEN": TOKEN}),
        (
            f'huggingface_token = "{TOKEN}"\r\nwandb_api_key = "{OTHER}"\r\nx = 1\r\n',
            "\n\nx = 1\r\n",
            {"HF_TOKEN": TOKEN, "WANDB_API_KEY": OTHER},
        ),
        (
            f'[a]\nhuggingface_token = "{OTHER}"\n[b]\nhuggingface_token = "{TOKEN}"',
            "[a]\n\n[b]\n",
            {"HF_TOKEN": TOKEN},
        ),
        (f'# huggingface_token = "{TOKEN}"\nx = 1', "#\nx = 1", {}),
        (f'x = 1\n\t##  old: "wandb_api_key"={TOKEN}, {OTHER}\n', "x = 1\n#\n", {}),
        (f'#huggingface_token="{OTHER}"\nhuggingface_token="{TOKEN}"', "#\n", {"HF_TOKEN": TOKEN}),
        ('huggingface_token = ""\nx = 1', "\nx = 1", {}),
        ("huggingface_token = 12345\n", "\n", {"HF_TOKEN": "12345"}),
    ],
)
def test_tokens_leave_the_text_for_the_environment(text: str, left: str, variables: dict[str, str]) -> None:
    assert blanked(text) == (left, variables)
    assert TOKEN not in left and OTHER not in left


@pytest.mark.parametrize(
    "text",
    [
        'dit = "a"\n',
        "# huggingface_token: set HF_TOKEN instead\n",
        'huggingface_repo_id = "me/x" # huggingface_token goes into HF_TOKEN\n',
        "my_huggingface_token = 1\nhuggingface_token_file = 2\n",
        "# huggingface_tokens = 3\n",
        "",
    ],
)
def test_a_text_without_tokens_stays_as_it_is(text: str) -> None:
    assert blanked(text) == (text, {})


@pytest.mark.parametrize(
    "text",
    [
        f'huggingface_token = """\n{TOKEN}"""',
        f'hub.huggingface_token = "{TOKEN}"',
        f'hub = {{huggingface_token = "{TOKEN}"}}',
        f'huggingface_token = ["{TOKEN}",\n"{OTHER}"]',
        f'huggingface_token = "{OTHER}"\n[hub.deep]\nhuggingface_token = "{TOKEN}"',
    ],
)
def test_a_token_that_cannot_be_taken_out_is_refused(text: str) -> None:
    with pytest.raises(CannotDrop, match=r"^huggingface_token$") as error:
        blanked(text)
    assert TOKEN not in repr(error.value)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f'x = "a" # huggingface_token = "{TOKEN}"\ny = 1', 'x = "a" # huggingface_token = "…"\ny = 1'),
        (f'[hub.deep]\nhuggingface_token = "{TOKEN}"', '[hub.deep]\nhuggingface_token = "…"'),
        (f"x = 1 # {TOKEN}, {TOKEN}", "x = 1 # …, …"),
        (f'hf_key = "{TOKEN}"', 'hf_key = "…"'),
        ("# rpa_0123456789ABCDEFGHIJKLMNOP", "# …"),
        (f'WANDB_KEY = "{OTHER}"', 'WANDB_KEY = "…"'),
        (f"# wandb login {OTHER}", "# wandb login …"),
    ],
)
def test_what_looks_like_a_token_goes_wherever_it_stands(text: str, left: str) -> None:
    assert blanked(text) == (left, {})


@pytest.mark.parametrize("text", [f'commit = "{OTHER}"', 'x = "hf_hub"', 'dit = "/models/hf_cache/a.safetensors"'])
def test_what_looks_like_none_stays(text: str) -> None:
    assert blanked(text) == (text, {})
