"""Runs a program in a terminal of so many columns, and narrows it after the first output that matches.

Arguments: columns, columns then, a regular expression, and the program with its arguments. Prints all
that the program writes to the terminal; ends with its exit code.
"""

import fcntl
import os
import pty
import re
import struct
import sys
import termios


def main():
    wide, narrow, pattern, *program = sys.argv[1:]
    child, terminal = pty.fork()
    if child == 0:
        os.execvp(program[0], program)
    resize(terminal, int(wide))
    written = b""
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # the program has ended
            break
        if not piece:
            break
        written += piece
        if narrow and re.search(pattern.encode(), written):
            resize(terminal, int(narrow))
            narrow = ""
    sys.stdout.buffer.write(written)
    sys.stdout.flush()
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def resize(terminal, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))


main()
