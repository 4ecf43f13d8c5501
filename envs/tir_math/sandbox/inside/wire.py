"""What the two sides say to each other, in bytes."""

READY = b"r"  # the server is, on the control channel
CALL, SESSION = b"c", b"s"  # what is asked for there, with four descriptors:
FDS = 4  # the lifeline, the code, the output, the errors
SIZE = ">I"  # before a piece of code
STATUS = ">i"  # on the lifeline: the exit status, negative for a signal
DONE = 16  # bytes of the token that came with a piece of code, on the channel of a session, before
OK, FAILED = b"0", b"1"
UNFIT = b"unfit: "  # there, from a process that cannot be confined; and why
