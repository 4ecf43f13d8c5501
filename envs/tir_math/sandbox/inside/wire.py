"""What the two sides say to each other, in bytes."""

READY = b"r"  # the server is, on the control channel
CALL, SESSION = b"c", b"s"  # what is asked for there, with four descriptors:
FDS = 4  # the lifeline, the code, the output, the errors
SIZE = ">I"  # before a piece of code
STATUS = ">i"  # on the lifeline: the exit status, negative for a signal
OK, FAILED = b"0", b"1"  # on the channel of a session: the piece of code is done
