from pathlib import Path

from fptui.adapters.pod import PodFacts, first_value, pod_facts, pod_keys


def facts(
    tmp_path: Path, own: dict[str, str], process_one: bytes | None = None, written: str | None = None
) -> PodFacts:
    if process_one is not None:
        (tmp_path / "environ").write_bytes(process_one)
    if written is not None:
        (tmp_path / "rp_environment").write_text(written)
    return pod_facts(own, tmp_path / "environ", tmp_path / "rp_environment")


def test_nothing_is_no_pod(tmp_path: Path) -> None:
    assert facts(tmp_path, {}) == PodFacts()


def test_this_shell_comes_first(tmp_path: Path) -> None:
    found = facts(
        tmp_path, {"RUNPOD_POD_ID": "own"}, b"RUNPOD_POD_ID=one\0RUNPOD_VOLUME_ID=v\0", 'export RUNPOD_POD_ID="w"\n'
    )
    assert (found.id, found.id_from, found.network_volume) == ("own", "this shell", True)


def test_then_process_one_whose_values_are_exact_bytes(tmp_path: Path) -> None:
    found = facts(tmp_path, {"RUNPOD_POD_ID": ""}, b"A=1\nB\0RUNPOD_POD_ID=k3x9\0RUNPOD_API_KEY=k=v=w\0no equals\0")
    assert (found.id, found.id_from) == ("k3x9", str(tmp_path / "environ"))
    assert found.key_from == str(tmp_path / "environ")


def test_then_the_file_that_the_image_wrote_which_is_parsed_and_never_run(tmp_path: Path) -> None:
    broken = f'export OTHER="a`touch {tmp_path}/x`"b"\nexport RUNPOD_POD_ID="k3x9"\nFPTUI_RUNPOD_API_KEY=plain\n'
    found = facts(tmp_path, {}, None, broken)
    assert (found.id, found.account_key_from) == ("k3x9", str(tmp_path / "rp_environment"))
    assert not (tmp_path / "x").exists()


def test_a_key_is_never_kept(tmp_path: Path) -> None:
    assert "secret" not in repr(facts(tmp_path, {"RUNPOD_API_KEY": "secret", "FPTUI_RUNPOD_API_KEY": "secret"}))


def test_the_keys_are_there_for_whoever_stops_the_pod_its_own_first(tmp_path: Path) -> None:
    one, written = tmp_path / "environ", tmp_path / "rp_environment"
    one.write_bytes(b"RUNPOD_API_KEY=own=key\0FPTUI_RUNPOD_API_KEY=account\0")
    written.write_text('export RUNPOD_API_KEY="own"\nexport FPTUI_RUNPOD_API_KEY="account"\n')
    # The file's is the same one, cut off at its `=`; the shell's is another one, perhaps of last year.
    assert pod_keys({"RUNPOD_API_KEY": "shell", "FPTUI_RUNPOD_API_KEY": ""}, one, written) == [
        ("RUNPOD_API_KEY of this shell", "shell"),
        (f"RUNPOD_API_KEY of {one}", "own=key"),
        (f"FPTUI_RUNPOD_API_KEY of {one}", "account"),
    ]


def test_nowhere_a_key(tmp_path: Path) -> None:
    assert pod_keys({"RUNPOD_API_KEY": ""}, tmp_path / "environ", tmp_path / "rp_environment") == []


def test_a_variable_is_found_in_the_first_place_that_has_it(tmp_path: Path) -> None:
    one, written = tmp_path / "environ", tmp_path / "rp_environment"
    one.write_bytes(b"CONTAINER_ID=7\0")
    written.write_text("export CONTAINER_ID=8\n")
    assert first_value("CONTAINER_ID", {}, one, written) == "7"
    assert first_value("CONTAINER_ID", {"CONTAINER_ID": "6"}, one, written) == "6"
    assert first_value("CONTAINER_KEY", {}, one, written) is None
