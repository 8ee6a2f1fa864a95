"""Mail: one message over SMTP, in the clear, after STARTTLS, or by TLS from the start."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from harness.errors import InputError, WorldError
from harness.kit.address import is_here
from harness.reporting.wording import one_line
from harness.scheduling.schedule import Mail
from harness.storable_text import storable
from harness.wire.masking import Mask

TIMEOUT_S = 20.0


def send(mail: Mail, subject: str, lines: Sequence[str], password: str | None) -> None:
    """Send one. Raises InputError, WorldError; neither holds the password."""
    refuse_clear_password(mail)
    message = EmailMessage()
    message["Subject"] = storable(subject)
    message["From"] = mail.sender
    message["To"] = ", ".join(mail.recipients)
    message["Date"] = formatdate(usegmt=True)
    message["Message-ID"] = make_msgid(domain=mail.sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(storable("\n".join(lines)) + "\n")
    where = f"the mail server {mail.host}:{mail.port}"
    try:
        with _connected(mail) as server:
            if mail.user is not None:
                server.login(mail.user, password or "")
            refused = server.send_message(message)
    except (smtplib.SMTPException, OSError, ssl.SSLError) as error:
        why = Mask([password or ""]).text(one_line(_said(error)))
        raise WorldError(f"{where}: {why}") from None
    if refused:
        raise WorldError(f"{where}: does not take mail for {', '.join(sorted(refused))}")


def refuse_clear_password(mail: Mail) -> None:
    """Raises InputError for a password that would leave this machine in the clear."""
    if mail.password is not None and mail.security == "none" and not is_here(mail.host):
        raise InputError(f"the mail server {mail.host}: a password is sent only after STARTTLS or over TLS")


def _connected(mail: Mail) -> smtplib.SMTP:
    if mail.security == "tls":
        return smtplib.SMTP_SSL(mail.host, mail.port, timeout=TIMEOUT_S, context=ssl.create_default_context())
    server = smtplib.SMTP(mail.host, mail.port, timeout=TIMEOUT_S)
    if mail.security == "starttls":
        try:
            server.starttls(context=ssl.create_default_context())
        except BaseException:
            server.close()
            raise
    return server


def _said(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        return f"{error.smtp_code} {said.decode('utf-8', 'replace') if isinstance(said, bytes) else said}"
    return str(error) or type(error).__name__
