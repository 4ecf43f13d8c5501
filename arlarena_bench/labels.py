"""Names of methods in tables and folders."""

import re
from pathlib import Path

from arlarena_bench.method_file import is_method_file

FILE = " (file)"


def label(method: str) -> str:
    """Return the name of a method in tables: a file is `stem (file)`, whatever is installed."""
    return file_label(Path(method).stem) if is_method_file(method) else method


def file_label(stem: str) -> str:
    """Return the name of a method out of a file with this stem."""
    return re.sub(r"[^\w.+-]", "_", stem) + FILE


def folder_name(label: str) -> str:
    """Return the folder for a method's runs; `@` stands in no installed name."""
    return label.replace(FILE, "@file").replace(":", "@")


def label_of_folder(name: str) -> str:
    """Return the label whose `folder_name` this is."""
    owner, at, method = name.partition("@")
    if not at:
        return name
    return f"{owner}{FILE}" if method == "file" else f"{owner}:{method}"
