# ruff: noqa: E501 - one attack a line
"""Code that means harm, or is merely wild, and what it may at most achieve.

`ESCAPED` is printed by what should have been impossible. `@WORD@` is filled in by the test: a file
with a secret (`@FILE@`), its folder (`@FOLDER@`), this repository (`@REPO@`), the process of the test
(`@PID@`) and a port on which somebody listens (`@PORT@`).
"""

from typing import NamedTuple


class Hostile(NamedTuple):
    """A piece of hostile code.

    Attributes:
        name: What it tries.
        code: The code.
        error: What the error line begins with; None where an error is not called for.
        isolated: Whether only namespaces can stop it: without them there is nothing to test.
        seconds: The timeout it gets.
    """

    name: str
    code: str
    error: str | None = None
    isolated: bool = False
    seconds: float = 5.0


def _tries(body: str, otherwise: str = "print('refused')") -> str:
    """Try something forbidden; report if it worked."""
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    return f"try:\n{lines}\n    print('ESCAPED')\nexcept Exception as e:\n    {otherwise}\n"


LOOP = "TimeoutError: stopped after"
CORPUS = [
    # files
    Hostile("read a secret", "print(open('@FILE@').read())", "FileNotFoundError", isolated=True),
    Hostile("list its folder", "import os\nprint(os.listdir('@FOLDER@'))", "FileNotFoundError", True),
    Hostile("read the repository", "print(open('@REPO@/pyproject.toml').read())", "FileNotFound", True),
    Hostile("read passwords", "print(open('/etc/shadow').read())", "", isolated=False),
    Hostile("read users", _tries("open('/etc/passwd')"), isolated=True),
    Hostile("read the home folder", _tries("import os\nos.listdir(os.path.expanduser('~root') + '/.ssh')")),
    Hostile("walk the disk for it", (
        "import os\nfor folder, _, files in os.walk('/'):\n    for name in files:\n"
        "        if name == 'secret.txt': print(open(folder + '/' + name).read())\n"
    ), isolated=True, seconds=20.0),
    Hostile("a symbolic link to it", "import os\nos.symlink('@FILE@', 'link')\nprint(open('link').read())", "", True),
    Hostile("a hard link to it", _tries("import os\nos.link('@FILE@', 'link')"), isolated=True),
    Hostile("leave by dots", "print(open('../../../../../../@FILE@').read())", "FileNotFoundError", True),
    Hostile("delete a file", _tries("import os\nos.remove('@FILE@')")),
    Hostile("delete everything", "import shutil\nshutil.rmtree('/', ignore_errors=True)", seconds=20.0, isolated=True),
    Hostile("overwrite a library", _tries("import sympy\nopen(sympy.__file__, 'a').write('#')")),
    Hostile("write into the system", _tries("open('/usr/lib/evil', 'w')")),
    Hostile("write beside the interpreter", _tries("import sys\nopen(sys.executable + 'x', 'w')")),
    Hostile("write into the root folder", _tries("open('/evil', 'w')")),
    Hostile("make the root writable", _tries("import os\nos.chmod('/', 0o777)\nopen('/evil', 'w')")),
    Hostile("take a file over", _tries("import os\nos.chown('/usr/lib', os.getuid(), os.getgid())")),
    Hostile("memory of the machine", _tries("open('/dev/mem', 'rb').read(1)")),
    Hostile("the disk itself", _tries("open('/dev/vda', 'rb').read(1)")),
    Hostile("make a device", _tries("import os, stat\nos.mknod('d', stat.S_IFBLK | 0o666, os.makedev(254, 0))\nopen('d', 'rb').read(1)")),
    Hostile("a huge file", "with open('f', 'wb') as f:\n    while True: f.write(bytes(1 << 20))", ""),
    Hostile("many files", (
        "for i in range(10**6):\n    with open(f'f{i}', 'wb') as f: f.write(bytes(1 << 16))"
    ), "OSError", isolated=True),
    Hostile("many open files", "keep = [open('f', 'w') for _ in range(10**5)]", "OSError"),
    Hostile("a message for the next call", "open('message', 'w').write('x')\nopen('../message', 'w').write('x')", None, True),
    Hostile("a file in its folder", "open('message', 'w').write('x')"),
    Hostile("a folder that resists", "import os\nos.makedirs('a/b')\nos.chmod('a/b', 0)\nos.chmod('a', 0)\nos.chmod('.', 0)"),
    Hostile("a folder without end", "import os\nfor _ in range(3000):\n    os.mkdir('a')\n    os.chdir('a')"),
    Hostile("many folders", "import os\nfor n in range(3000): os.makedirs(f'{n}/a')\nos.symlink('/', 'link')"),
    Hostile("import this package", _tries("import arlarena_bench"), isolated=True),
    Hostile("import torch", _tries("import torch"), isolated=True),
    Hostile("find the held-out answers", _tries("import os\nassert any('frozen-problems' in folders for _, folders, _ in os.walk('/'))"), isolated=True, seconds=20.0),
    # the machine
    Hostile("environment", "import os\nprint(dict(os.environ))"),
    Hostile("environment in C", "import ctypes\nf = ctypes.CDLL(None).getenv\nf.restype = ctypes.c_char_p\nprint(f(b'ARLARENA_SECRET'))"),
    Hostile("environment of others", (
        "import glob\nfor path in glob.glob('/proc/*/environ'):\n    try: print(open(path, 'rb').read())\n"
        "    except OSError: pass"
    )),
    Hostile("/proc", _tries("import os\nassert os.listdir('/proc')"), isolated=True),
    Hostile("the server's descriptors", "import os\nprint([os.readlink(f'/proc/{os.getppid()}/fd/{n}') for n in range(9)])", ""),
    Hostile("connect to this machine", _tries("import socket\nsocket.create_connection(('127.0.0.1', @PORT@), 2)"), isolated=True),
    Hostile("connect by number", _tries(
        "import ctypes, struct\nlibc = ctypes.CDLL(None)\nfd = libc.socket(2, 1, 0)\nassert fd >= 0\n"
        "address = struct.pack('=HHI8x', 2, (@PORT@ >> 8) | (@PORT@ & 255) << 8, 0x0100007f)\n"
        "assert libc.connect(fd, address, 16) == 0"
    ), isolated=True),
    Hostile("listen", _tries("import socket\nsocket.create_server(('127.0.0.1', 0))"), isolated=True),
    Hostile("look up a name", _tries("import socket\nsocket.gethostbyname('example.com')"), isolated=True),
    Hostile("abstract socket", _tries("import socket\ns = socket.socket(socket.AF_UNIX)\ns.bind('\\0evil')"), isolated=True),
    Hostile("pip", _tries("import subprocess, sys\nsubprocess.run([sys.executable, '-m', 'pip', '--version'], check=True)"), isolated=True),
    Hostile("a shell", _tries("import subprocess\nsubprocess.run('id', shell=True, check=True)"), isolated=True),
    Hostile("become a shell", _tries("import os\nos.execv('/bin/sh', ['sh', '-c', 'echo ESCAPED'])"), isolated=True),
    Hostile("become another Python", "import os, sys\nos.execv(sys.executable, ['python', '-c', 'while True: pass'])", "", seconds=0.3),
    # privileges
    Hostile("become root", _tries("import os\nos.setuid(0)\nassert os.getuid() == 0")),
    Hostile("become somebody", _tries("import os\nos.setresuid(1, 1, 1)")),
    Hostile("raise a limit", _tries("import resource\nresource.setrlimit(resource.RLIMIT_AS, (-1, -1))")),
    Hostile("the limits of the server", _tries("import os, resource\nresource.prlimit(os.getppid() or 1, resource.RLIMIT_NOFILE, (0, 0))\nassert os.getppid()")),
    Hostile("mount", _tries("import ctypes\nassert ctypes.CDLL(None).mount(b'none', b'/tmp', b'tmpfs', 0, None) == 0")),
    Hostile("unmount", _tries("import ctypes\nassert ctypes.CDLL(None).umount2(b'/tmp', 2) == 0")),
    Hostile("unshare", _tries("import ctypes\nassert ctypes.CDLL(None).unshare(0x10000000 | 0x20000) == 0"), isolated=True),
    Hostile("chroot", _tries("import os\nos.chroot('/tmp')")),
    Hostile("trace the parent", _tries("import ctypes, os\nassert ctypes.CDLL(None).ptrace(16, os.getppid() or 1, 0, 0) == 0")),
    Hostile("trace itself", _tries("import ctypes\nassert ctypes.CDLL(None).ptrace(0, 0, 0, 0) == 0"), isolated=True),
    Hostile("memory of the parent", _tries(
        "import ctypes, os\nbuffer = ctypes.create_string_buffer(8)\niov = (ctypes.c_size_t * 2)(ctypes.addressof(buffer), 8)\n"
        "far = (ctypes.c_size_t * 2)(id(os), 8)\n"
        "assert ctypes.CDLL(None).process_vm_readv(os.getppid() or 1, iov, 1, far, 1, 0) == 8\nassert os.getppid()"
    )),
    Hostile("the signal at the server's death", _tries("import ctypes\nassert ctypes.CDLL(None).prctl(1, 0, 0, 0, 0) == 0"), isolated=True),
    Hostile("shared memory", _tries("import ctypes\nassert ctypes.CDLL(None).shmget(1234, 4096, 0o1666) >= 0"), isolated=True),
    Hostile("a message queue", _tries("import ctypes\nassert ctypes.CDLL(None).mq_open(b'/evil', 0o102, 0o666, None) >= 0"), isolated=True),
    Hostile("a host name", _tries("import socket\nsocket.sethostname('evil')")),
    Hostile("a young call", _tries("import ctypes\nassert ctypes.CDLL(None).syscall(425, 8, ctypes.create_string_buffer(120)) >= 0"), isolated=True),
    Hostile("a call of tomorrow", _tries("import ctypes\nassert ctypes.CDLL(None).syscall(999, 0) >= 0")),
    Hostile("every call that is not on the list", _tries(
        "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\nassert ctypes.c_int(7).value\n"
        "made = [n for n in (101, 155, 165, 248, 250, 272, 298, 308, 310, 321, 323) if libc.syscall(n, 0, 0, 0, 0, 0) >= 0]\nassert made"
    ), isolated=True),
    Hostile("a namespace by clone", _tries("import ctypes\nassert ctypes.CDLL(None).syscall(56, 0x10000011, 0, 0, 0, 0) >= 0"), isolated=True),
    Hostile("a namespace by clone3", _tries("import ctypes, struct\nassert ctypes.CDLL(None).syscall(435, struct.pack('=11Q', 0x10000000, *[0] * 10), 88) >= 0"), isolated=True),
    Hostile("a pair that is no pair of files", _tries("import ctypes\nassert ctypes.CDLL(None).socketpair(30, 1, 0, (ctypes.c_int * 2)()) == 0"), isolated=True),
    Hostile("a filter of its own that lies", _tries("import ctypes\nassert ctypes.CDLL(None).prctl(22, 2, 0) == 0"), isolated=True),
    Hostile("threads that it may not see", _tries("import os\nassert os.pidfd_open(os.getppid() or 1)\nassert os.getppid()"), isolated=True),
    Hostile("a message in shared memory", "open('/dev/shm/message', 'w').write('x')", None, True),
    Hostile("fill shared memory", "for n in range(99):\n    with open(f'/dev/shm/{n}', 'wb') as f: f.write(bytes(1 << 23))", "OSError: [Errno 28]", True),
    Hostile("unmount shared memory", _tries("import ctypes\nassert ctypes.CDLL(None).umount2(b'/dev/shm', 2) == 0")),
    Hostile("a device in shared memory", _tries("import os, stat\nos.mknod('/dev/shm/d', stat.S_IFCHR | 0o666, os.makedev(1, 1))\nopen('/dev/shm/d', 'rb').read(1)")),
    Hostile("shared memory by name", (
        "import mmap, os\nfd = os.open('/dev/shm/message', os.O_RDWR | os.O_CREAT)\nos.ftruncate(fd, 4096)\nm = mmap.mmap(fd, 4096)\nm[:1] = b'x'\n"
        "os.unlink('/dev/shm/message')"
    ), isolated=True),
    Hostile("a pool without end", "from multiprocessing import Pool\nimport time\nwith Pool(4) as p: p.map(time.sleep, [60] * 4)", LOOP, True, 0.7),
    Hostile("a pool of bombs", "from multiprocessing import Pool\ndef f(x): return f(x - 1) + f(x - 2) if x > 1 else x\nwith Pool(8) as p: p.map(f, [60] * 8)", LOOP, True, 0.7),
    # processes and signals
    Hostile("kill the parent", "import os\ntry:\n    os.kill(os.getppid() or 1, 9)\nexcept OSError: pass\nprint('on')"),
    Hostile("kill the test", _tries("import os\nos.kill(@PID@, 9)")),
    Hostile("kill everybody", "import os\ntry:\n    os.kill(-1, 9)\nexcept OSError: pass\nprint('on')", isolated=True),
    Hostile("stop the parent", "import os, signal\ntry:\n    os.kill(os.getppid() or 1, signal.SIGSTOP)\nexcept OSError: pass"),
    Hostile("kill the group", "import os\nos.killpg(0, 9)"),
    Hostile("kill itself", "import os\nos.kill(os.getpid(), 9)"),
    Hostile("fork bomb", "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass", LOOP, seconds=0.5),
    Hostile("thread bomb", "import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(60,)).start()", "", seconds=0.5),
    Hostile("a child that stays", "import os, time\nif os.fork() == 0:\n    time.sleep(60)\nprint('gone')"),
    Hostile("a daemon", (
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
        "        os.closerange(0, 99)\n        while True: time.sleep(1)\n    os._exit(0)\nos.wait()\nprint('gone')"
    )),
    Hostile("a daemon that ignores signals", (
        "import os, signal, time\nif os.fork() == 0:\n    os.setsid()\n"
        "    for n in range(1, 65):\n        try: signal.signal(n, signal.SIG_IGN)\n        except (OSError, ValueError): pass\n"
        "    while True: time.sleep(1)\nprint('gone')"
    )),
    Hostile("threads that go on", "import threading, time\nfor _ in range(4): threading.Thread(target=time.sleep, args=(60,)).start()\nprint('main is over')", LOOP, seconds=0.3),
    Hostile("ignore signals", (
        "import signal\nfor n in range(1, 65):\n    try: signal.signal(n, signal.SIG_IGN)\n    except (OSError, ValueError): pass\n"
        "while True: pass"
    ), LOOP, seconds=0.3),
    Hostile("stop itself", "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)\nwhile True: pass", LOOP, seconds=0.3),
    Hostile("alarm", "import signal\nsignal.setitimer(signal.ITIMER_REAL, 0.1)\nsignal.pause()", "", seconds=0.3),
    # resources
    Hostile("infinite loop", "while True: pass", LOOP, seconds=0.3),
    Hostile("loop in C", "sum(iter(int, 1))", LOOP, seconds=0.3),
    Hostile("huge power", "print(9**9**9)", "", seconds=0.3),
    Hostile("huge digits", "print(10**5000)", "ValueError: Exceeds the limit"),
    Hostile("catastrophic pattern", "import re\nre.match('(a+)+$', 'a' * 40 + 'b')", LOOP, seconds=0.3),
    Hostile("sleep", "import time\ntime.sleep(60)", LOOP, seconds=0.3),
    Hostile("memory bomb", "x = []\nwhile True: x.append(bytes(1 << 24))", "MemoryError"),
    Hostile("memory at once", "x = bytes(1 << 40)", "MemoryError"),
    Hostile("memory in children", (
        "import os\nfor _ in range(6):\n    if os.fork() == 0:\n        x = bytes(1 << 40)\n        os._exit(0)"
    )),
    Hostile("recursion", "def f(): return f()\nf()", "RecursionError"),
    Hostile("recursion without limit", "import sys\nsys.setrecursionlimit(10**9)\ndef f(): return f()\nf()", "", seconds=0.5),
    Hostile("recursion in C", "x = []\nfor _ in range(10**6): x = [x]\nrepr(x)", ""),
    Hostile("crash the compiler", "eval('(' * 10**5 + ')' * 10**5)", ""),
    Hostile("crash the interpreter", "import ctypes\nctypes.string_at(0)", "Killed: signal 11 (SIGSEGV)"),
    Hostile("abort", "import os\nos.abort()", "Killed"),
    Hostile("endless output", "while True: print('x' * 1000)", "OutputLimit"),
    Hostile("endless errors", "import sys\nwhile True: print('x' * 1000, file=sys.stderr)", "OutputLimit"),
    Hostile("one long line", "print('x' * 10**8)", "OutputLimit"),
    # forgeries
    Hostile("a forged result", "import json\nprint(json.dumps({'output': 'forged', 'error': '', 'timed_out': False}))\n1/0", "ZeroDivisionError"),
    Hostile("write to every descriptor", (
        "import os\nfor fd in range(3, 1024):\n    try: os.write(fd, b'0' * 8)\n    except OSError: pass\n1/0"
    ), "ZeroDivisionError"),
    Hostile("read every descriptor", (
        "import os\nfor fd in range(3, 1024):\n    try: print(fd, os.read(fd, 99), 'ESCAPED')\n    except OSError: pass"
    )),
    Hostile("close every descriptor", "import os\nos.closerange(0, 1024)\n1/0", ""),
    Hostile("close the output", "import os\nos.close(1)\nprint('lost')", ""),
    Hostile("leave at once", "import os\nprint('x', flush=True)\nos._exit(7)", "SystemExit: 7"),
    Hostile("leave pretending", "import os\nos._exit(0)"),
    Hostile("leave with a word", "raise SystemExit('enough')", "SystemExit: enough"),
    Hostile("an interrupt", "raise KeyboardInterrupt", "KeyboardInterrupt"),
    Hostile("an error that cannot be printed", "class E(Exception):\n    def __str__(self): return 1/0\nraise E", "E: <exception str() failed>"),
    Hostile("an error that never ends printing", "class E(Exception):\n    def __str__(self):\n        while True: pass\nraise E", LOOP, seconds=0.3),
    Hostile("no builtins", "import builtins\nbuiltins.print = builtins.compile = builtins.exec = None\nbuiltins.open = lambda *a: 'ESCAPED'"),
    Hostile("poison a library", "import sympy, random\nsympy.Integer.__add__ = lambda *a: 'ESCAPED'\nrandom.seed(7)"),
    Hostile("rewrite numbers", "import ctypes\nctypes.memmove(id(7) + 24, id(8) + 24, 4)"),
    Hostile("trace the runner", "import sys\nsys.settrace(lambda *a: 1/0)\nsys.setprofile(lambda *a: 1/0)"),
    Hostile("at exit", "import atexit\ndef f():\n    while True: pass\natexit.register(f)", LOOP, seconds=0.3),
    Hostile("the frames of the runner", (
        "import sys\nframe = sys._getframe()\nwhile frame.f_back: frame = frame.f_back\n"
        "server = frame.f_locals\nfor value in list(server.values()):\n"
        "    for lifeline in getattr(value, 'calls', {}).values():\n"
        "        lifeline.lifeline.send(b'\\0\\0\\0\\0')\n        print('ESCAPED')"
    )),
    Hostile("other code in memory", (
        "import gc\nprint([x for x in gc.get_objects() if isinstance(x, str) and 'ARLARENA_MARK' in x][1:])"
    )),
    # text
    Hostile("NUL", "print('a\\0b')\nprint('\\0')"),
    Hostile("NUL in the code", "print('a\0b')", ""),
    Hostile("surrogates", "print('\\ud800 \\udfff')"),
    Hostile("surrogates in the code", "print('\ud800')", ""),
    Hostile("not UTF-8", "import os\nos.write(1, bytes(range(256)))"),
    Hostile("every kind of line", "print('a\\rb\\x0bc\\u2028d\\x85e')"),
    Hostile("terminal codes", "print('\\x1b[2J\\x1b]0;title\\x07')"),
    Hostile("read the input", "print(repr(input()))", "EOFError"),
    Hostile("no code", ""),
    Hostile("not code", "The answer is 42, of course", "SyntaxError"),
    Hostile("bad indentation", " x\n  y", "IndentationError"),
    Hostile("much code", "x = 1\n" * 100_000),
    Hostile("warnings as weapons", "import warnings\nwarnings.simplefilter('error')\nwarnings.warn('w')", "UserWarning: w"),
]  # fmt: skip
