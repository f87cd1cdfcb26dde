"""`stb-sim reader`: the card tray at QEMU's USB reader."""

from simulators.card.program import hold, parser
from simulators.reader import vsc


def main(argv: list[str]) -> int:
    """Hold the tray at the usb-ccid device of a QEMU until SIGINT or SIGTERM."""
    made = parser("stb-sim reader", "A simulated JPKI card, speaking T=1, in the usb-ccid reader of a QEMU.")
    made.add_argument("--host", default="127.0.0.1", help="of QEMU's chardev (default: %(default)s)")
    made.add_argument("--port", type=int, default=vsc.PORT, help="of QEMU's chardev (default: %(default)s)")
    options = made.parse_args(argv)
    reader = vsc.Reader(options.host, options.port)
    return hold(made, options, reader, f"for QEMU at {options.host}, port {options.port}")
