import pytest

from fptui.core.doctor import Grade, disk_finding, gpu_finding, mount_of, survival_finding
from fptui.core.gpu import GpuReading, GpuReport

MOUNTS = """\
1000 900 0:50 / / rw,relatime master:1 - overlay overlay rw,lowerdir=/x - y
1001 1000 0:60 / /proc rw - proc proc rw
1002 1000 0:70 / /dev/shm rw - tmpfs shm rw
1003 1000 8:16 /pods/k3x9 /workspace rw - xfs /dev/sdb rw
1004 1003 0:80 / /workspace/my\\040data rw - fuse mfs#x rw
broken line
"""


@pytest.mark.parametrize(
    ("path", "mount"),
    [
        ("/root/project", ("/", "overlay")),
        ("/workspace", ("/workspace", "xfs")),
        ("/workspace2/project", ("/", "overlay")),
        ("/workspace/my data/project", ("/workspace/my data", "fuse")),
        ("/dev/shm/project", ("/dev/shm", "tmpfs")),
    ],
)
def test_the_mount_of_a_path(path: str, mount: tuple[str, str]) -> None:
    assert mount_of(path, MOUNTS) == mount


def test_what_survives_a_stop_of_the_pod() -> None:
    def grade(path: str) -> Grade:
        return survival_finding(path, MOUNTS, network_volume=False).grade

    assert (grade("/workspace/p"), grade("/root/p"), grade("/dev/shm/p")) == (Grade.OK, Grade.PROBLEM, Grade.PROBLEM)
    assert "a termination keep it" in survival_finding("/workspace/p", MOUNTS, network_volume=True).message
    assert survival_finding("/workspace/p", "", network_volume=False).grade is Grade.WARNING


def test_disk_and_gpu() -> None:
    assert [disk_finding(n * 10**9).grade for n in (1, 10, 200)] == [Grade.PROBLEM, Grade.WARNING, Grade.OK]
    none = GpuReport((), "No NVIDIA driver here.")
    assert gpu_finding(none, needed=True).grade is Grade.PROBLEM
    assert gpu_finding(none, needed=False).grade is Grade.WARNING
    some = GpuReport((GpuReading(0, None, "NVIDIA H100", 0.0),), None, "580.1")
    assert gpu_finding(some, needed=True).message == "NVIDIA H100 ? GiB, driver 580.1"
