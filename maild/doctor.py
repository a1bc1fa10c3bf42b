"""The world around maild, looked at: mailboxes, the way out, the database, secrets, libraries (`maild doctor`).

What may be relied on: no mail is sent, moved or marked, the database is neither made nor migrated, and no secret is in
what is told. Each finding says what was seen, and what to do about it where that is not well.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from importlib import metadata
from pathlib import Path
from typing import Literal

from maild import config
from maild.config import Account, Listener, SecretPlace, Settings
from maild.desk import db
from maild.errors import MaildError
from maild.mail import token
from maild.stage import SECRET, database_file, mailbox_of, open_database, sender_of
from maild.wire import probe
from maild.wire.probe import SmtpSeen
from maild.wire.world import judge_mailbox

Level = Literal["ok", "warning", "problem"]
