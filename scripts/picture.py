"""Draw docs/dashboard.svg: the dashboard over a real demo run, at 120x36."""

import asyncio
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from fptui.actions.demo import make_demo, start_demo
from fptui.actions.stop import request
from fptui.core.run import RunFolder, read_heartbeat
from fptui.tui.app import FptuiApp
from fptui.tui.live import LiveWatch, ProjectActions

OUT = Path(__file__).resolve().parents[1] / "docs" / "dashboard.svg"
STEPS, AT_STEP = 300, 210
SIZE = (120, 36)


async def draw(folder: RunFolder, project: Path) -> None:
    """Wait until the run is far enough, look once, save."""
    app = FptuiApp(LiveWatch(project, os.environ), ProjectActions(project, os.environ), place="a demo, on a CPU")
    async with app.run_test(size=SIZE) as pilot:
        while (beat := read_heartbeat(folder.heartbeat)) is None or (beat.step or 0) < AT_STEP:
            await pilot.pause(0.5)
        await pilot.pause(2)
        drawing = app.export_screenshot(title="fptui")
        # Textual asks a content network for its font; whoever opens our picture should not.
        OUT.write_text(re.sub(r"@font-face \{.*?\}\s*", "", drawing, flags=re.DOTALL), encoding="utf-8")


def main() -> int:
    """About half a minute."""
    os.environ["FPTUI_TMUX_SOCKET"] = f"fptui-picture-{os.getpid()}"
    os.environ["FPTUI_REHEARSAL_STEP_SECONDS"] = "0.1"
    with tempfile.TemporaryDirectory() as parent:
        project = make_demo(Path(parent) / "my-framepack-project", STEPS)
        records = start_demo(project, os.environ, time.time())
        folder = RunFolder(project.runs / records[-1].id)
        try:
            asyncio.run(draw(folder, project.path))
            request(folder, "now", time.time())
            while not folder.exit.exists():
                time.sleep(0.2)
        finally:
            subprocess.run(["tmux", "-L", os.environ["FPTUI_TMUX_SOCKET"], "kill-server"], check=False)
    print(f"drawn: {OUT}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
