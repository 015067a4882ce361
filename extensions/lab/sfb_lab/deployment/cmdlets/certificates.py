# Copyright (c) 2026, the sfb.server authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates: Get-CsCertificate, and what lies in the machine's Trusted Root store."""

from __future__ import annotations

from typing import Any

from ..call import Call, cmdlet
from ..server import Server
from ..texts import say
from ..values import Moment, PsObject, guid

GOOD: list[dict[str, Any]] = [
    {"use": use, "expires_in_days": 400}
    for use in ("Default", "WebServicesInternal", "WebServicesExternal", "OAuthTokenIssuer")
]
ROOTS = (
    "CN=LAB-CA, DC=lab, DC=example, DC=com",
    "CN=Microsoft Root Certificate Authority 2011, O=Microsoft Corporation, C=US",
)


def _certificate(subject: str, issuer: str, start: float, days: float, **more: Any) -> PsObject:
    thumbprint = (guid(subject, issuer, days) + guid(issuer)).replace("-", "").upper()[:40]
    return PsObject(
        "System.Security.Cryptography.X509Certificates.X509Certificate2",
        {
            "Subject": subject,
            "Issuer": issuer,
            "Thumbprint": thumbprint,
            "SerialNumber": thumbprint[:32],
            "NotBefore": Moment(start + 86_400 * (days - 730)),
            "NotAfter": Moment(start + 86_400 * days),
            **more,
        },
        f"[Subject]\r\n  {subject}",
        ("Thumbprint", "Subject"),
    )


@cmdlet("Get-CsCertificate", 2.0)
def get_certificate(call: Call) -> None:
    server = call.server
    if not call.identity.administrator:
        raise call.fail(
            say("not_administrator", user=call.identity.user, server=server.fqdn), "AccessDenied", "PermissionDenied"
        )
    wanted = call.names("Type")
    for entry in server.settings["certificates"] if server.settings["certificates"] is not None else GOOD:
        if wanted and entry["use"] not in wanted:
            continue
        subject = (
            f"CN={server.pool_fqdn}"
            if entry["use"] != "OAuthTokenIssuer"
            else f"CN={server.pool_fqdn.partition('.')[2]}"
        )
        certificate = _certificate(
            subject,
            ROOTS[0],
            call.model.clock.start,
            entry["expires_in_days"],
            Use=entry["use"],
            AlternativeNames=[server.pool_fqdn, server.fqdn],
        )
        certificate.type_name = "Microsoft.Rtc.Management.Deployment.CertificateReference"
        call.write(certificate)


def trusted_roots(call: Call, server: Server) -> list[PsObject]:
    """Get-ChildItem Cert:\\LocalMachine\\Root."""
    entries = [{"subject": subject, "issuer": None} for subject in ROOTS] + server.settings["trusted_root"]
    return [
        _certificate(
            entry["subject"],
            entry["issuer"] or entry["subject"],
            call.model.clock.start,
            3000,
            FriendlyName="",
            PSParentPath="Microsoft.PowerShell.Security\\Certificate::LocalMachine\\Root",
        )
        for entry in entries
    ]
