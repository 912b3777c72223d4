# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tell what lvs-heal has seen: in the journal, by mail, and in a file that verify.yml reads."""

from __future__ import annotations

import json
import smtplib
import socket
import sys
import threading
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Iterable, Mapping

from .settings import Mail

STATE = Path("/run/lvs-heal/state.json")
# Levels of syslog(3), which journald reads at the beginning of a line: sd-daemon(3).
NOTICE, WARNING = "<5>", "<4>"
ENDS = "another version was installed: this one ends, and systemd starts the other one"
# A whole table that was cleared would fill the journal.
MOST_LINES = 20


def lines_of(texts: Iterable[str], most: int = MOST_LINES) -> list[str]:
    """Return a line for each fault that was mended, and how many more there were."""
    texts = list(texts)
    more = [f"mended: {len(texts) - most} more"] if len(texts) > most else []
    return [f"mended: {text}" for text in texts[:most]] + more


def journal(level: str, text: str) -> None:
    """Write a line to the journal."""
    sys.stdout.write(f"{level}{text}\n")
    sys.stdout.flush()


def message(mail: Mail, text: str, host: str) -> EmailMessage:
    """Return the mail about something that has begun or ended."""
    mailed = EmailMessage()
    mailed["From"], mailed["To"] = mail.sender, ", ".join(mail.to)
    mailed["Subject"] = f"[{host}] {text.partition(':')[0]}"
    mailed.set_content(f"{host}: {text}.\n")
    return mailed


def send(mail: Mail, text: str) -> None:
    """Send a mail, and wait for nothing: the server may be what is lost."""
    threading.Thread(target=_deliver, args=(mail, message(mail, text, socket.gethostname())), daemon=True).start()


def _deliver(mail: Mail, mailed: EmailMessage) -> None:
    try:
        with smtplib.SMTP(mail.server, mail.port, timeout=mail.timeout) as server:
            server.send_message(mailed, mail.sender, list(mail.to))
    except (OSError, smtplib.SMTPException) as error:
        journal(WARNING, f"no mail could be sent through {mail.server}: {error}")


def save(state: Mapping[str, Any], path: Path = STATE) -> None:
    """Write what is going on into the file that verify.yml reads."""
    new = path.with_suffix(".new")
    new.write_text(json.dumps(state) + "\n", encoding="utf-8")
    new.replace(path)
