"""The GDB remote protocol for any target: knows no machine and no instruction set.

    server = await gdbstub.server.serve(target, "127.0.0.1", 1234)
    …
    server.stopped(Stop(Signal.TRAP, Reason.SOFTWARE_BREAKPOINT))

`gdbstub.target` says what a target must offer, and what it may. Bytes go one way and back:
socket → server → session → framing → registry → handler → target. Only `server` imports asyncio,
and nothing is imported here, so that those who need the values alone do not wait for it.
"""
