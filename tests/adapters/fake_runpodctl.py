"""Writes a program that behaves as runpodctl 1.14 or 2.x does, over the GraphQL of a `RunPodServer`.

From runpodctl's source: `stop pod ID` prints what came of it and ends with 0 either way; API errors and a missing key
end with 1; 1.14 has no `pod stop`; 2.x calls the retired REST v1 for it, and warns on stderr of the old order of words.
1.14 takes the GraphQL address from RUNPOD_API_URL, 2.x from RUNPOD_GRAPHQL_URL.
"""

import sys
from pathlib import Path

_PROGRAM = """#!{python} -IS
import http.client, json, os, sys

VERSION = {version!r}
with open({seen!r}, "a") as seen:
    names = " ".join(sorted(name for name in os.environ if "KEY" in name))
    seen.write(" ".join(sys.argv[1:]) + " | " + names + "\\n")
{first}
words = sys.argv[1:]
if VERSION == "1.14":
    print("Runpod config file not found, please run `runpodctl config` to create it")
if words[:1] == ["pod"]:
    if VERSION == "1.14":
        sys.exit('Error: unknown command "pod" for "runpodctl"')
    sys.exit('{{"error": "410 Gone"}}')
if VERSION != "1.14":
    print("warning: this command is deprecated", file=sys.stderr)
key = os.environ.get("RUNPOD_API_KEY", "")
if not key:
    sys.exit("Error: API key not found")
names = {{"stop": "podStop", "remove": "podTerminate"}}
name, pod_id = names[words[0]], words[2]
fields = " {{ id desiredStatus }}" if name == "podStop" else ""
query = "mutation m($podId: String!) {{ %s(input: {{podId: $podId}})%s }}" % (name, fields)
url = os.environ["RUNPOD_API_URL" if VERSION == "1.14" else "RUNPOD_GRAPHQL_URL"]
host, _, path = url.partition("://")[2].partition("/")
connection = http.client.HTTPConnection(host, timeout=10)
headers = {{"Authorization": "Bearer " + key, "User-Agent": "RunPod-CLI/" + VERSION}}
try:
    connection.request("POST", "/" + path, json.dumps({{"query": query, "variables": {{"podId": pod_id}}}}), headers)
    answer = json.loads(connection.getresponse().read())
    if answer.get("errors"):
        sys.exit("Error: " + answer["errors"][0]["message"])
    found = answer["data"][name]
except (OSError, ValueError, KeyError, TypeError, http.client.HTTPException) as error:
    sys.exit("Error: " + str(error))
if name == "podTerminate":
    print('pod "%s" removed' % pod_id)
elif found["desiredStatus"] == "EXITED":
    print('pod "%s" stopped' % pod_id)
else:
    print('pod "%s" stop failed; status is %s' % (pod_id, found["desiredStatus"]))
"""

BEHAVIOURS = {
    "as it is": "",
    "says no": "print('pod \"%s\" stop failed; status is RUNNING' % sys.argv[3]); sys.exit(0)",
    "says another pod": "print('pod \"another\" stopped'); sys.exit(0)",
    "quotes the key": "sys.exit('Error: key ' + os.environ.get('RUNPOD_API_KEY', ''))",
    "hangs": "import time; time.sleep(60)",
    "floods": "[sys.stdout.write('x' * 65536) for _ in range(160)]; print(); sys.exit(0)",
}


def write_runpodctl(folder: Path, version: str = "1.14", behaviour: str = "as it is") -> Path:
    """The program; `seen` in its folder gets a line a call: its words, and the names of variables with keys."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "runpodctl"
    text = _PROGRAM.format(
        python=sys.executable, version=version, seen=str(folder / "seen"), first=BEHAVIOURS[behaviour]
    )
    program.write_text(text)
    program.chmod(0o755)
    return program
