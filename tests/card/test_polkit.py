"""Our polkit rule in the real polkitd, on a bus and in a file system view of its own: the service user may, others may not."""

import subprocess
from pathlib import Path

RULE = Path(__file__).parents[2] / "stb_agent" / "host" / "rules" / "polkit" / "50-chanoma.rules"
ACTIONS = ("org.debian.pcsc-lite.access_pcsc", "org.debian.pcsc-lite.access_card")
_BUS = """<busconfig><type>system</type><listen>unix:path={folder}/bus</listen><auth>EXTERNAL</auth><policy context="default">
<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/><allow user="*"/></policy></busconfig>"""
# As pcsc-lite's own: whoever sits at the machine may, nobody else.
_POLICY = """<?xml version="1.0" encoding="UTF-8"?><policyconfig>{}</policyconfig>"""
_ACTION = """<action id="{}"><description>x</description><message>x</message><defaults>
<allow_any>no</allow_any><allow_inactive>no</allow_inactive><allow_active>yes</allow_active></defaults></action>"""
_RUN = """
mount --make-rprivate / 2>/dev/null
set -e
cd "$1"
mount --bind actions /usr/share/polkit-1/actions
mount --bind rules /etc/polkit-1/rules.d
mount --bind none /usr/share/polkit-1/rules.d
cp /etc/passwd passwd
echo 'chanoma:x:64001:64001::/:/usr/sbin/nologin' >>passwd
mount --bind passwd /etc/passwd
dbus-daemon --config-file=bus.conf --nofork >bus.log 2>&1 & bus=$!
for _ in $(seq 50); do [ -S bus ] && break; sleep 0.1; done
export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$1/bus
/usr/lib/polkit-1/polkitd >polkitd.log 2>&1 & polkitd=$!
trap 'kill $polkitd $bus 2>/dev/null; wait' EXIT
for _ in $(seq 50); do grep -q "Acquired the name" polkitd.log && break; sleep 0.1; done
for user in 64001 65534; do
	setpriv --reuid=$user --regid=65534 --clear-groups sleep 60 & subject=$!
	sleep 0.2
	for action in $2 $3; do
		pkcheck -a $action -p $subject >/dev/null 2>&1 && echo $user $action yes || echo $user $action no
	done
	kill $subject
done
"""


def test_the_service_user_may_use_cards_and_nobody_else(tmp_path_factory) -> None:
    folder = tmp_path_factory.mktemp("polkit")
    for one in (folder, *folder.parents[:3]):
        if one.stat().st_uid == folder.stat().st_uid:
            one.chmod(0o755)  # polkitd is a user of its own
    for name in ("actions", "rules", "none"):
        (folder / name).mkdir()
    (folder / "rules" / RULE.name).write_bytes(RULE.read_bytes())
    (folder / "actions" / "org.debian.pcsc-lite.policy").write_text(
        _POLICY.format("".join(map(_ACTION.format, ACTIONS)))
    )
    (folder / "bus.conf").write_text(_BUS.format(folder=folder))
    run = subprocess.run(
        ["unshare", "-m", "--propagation", "unchanged", "sh", "-c", _RUN, "sh", folder, *ACTIONS],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    told = (folder / "polkitd.log").read_text()
    assert run.stdout.splitlines() == [
        *(f"64001 {action} yes" for action in ACTIONS),
        *(f"65534 {action} no" for action in ACTIONS),
    ], run.stderr + told
