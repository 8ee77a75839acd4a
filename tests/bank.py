"""What a bank would say: entries on the settlement account, in camt.053 and camt.054."""

from datetime import date

from clearing.bank_files import BankAccount, read_confirmations
from clearing.confirmations import post_entries, settlement_accounts
from clearing.schemas import EntryMatch
from foundation.money import yuan
from foundation.postgres import Pool

DAY = date(2026, 11, 23)
CENTRE = BankAccount("机关食堂清算中心", "3901000000000000", "102332000018")


def entry(number: str, fen: int, reference: str, *, credit: bool = False, **changes: str) -> str:
    given = {"currency": "CNY", "status": "<Sts><Cd>BOOK</Cd></Sts>", "booked": DAY.isoformat(), "remark": ""} | changes
    remark = f"<RmtInf><Ustrd>{given['remark']}</Ustrd></RmtInf>" if given["remark"] else ""
    return (
        f'<Ntry><Amt Ccy="{given["currency"]}">{given.get("amount", yuan(fen))}</Amt>'
        f"<CdtDbtInd>{'CRDT' if credit else 'DBIT'}</CdtDbtInd>{given['status']}"
        f"<BookgDt><Dt>{given['booked']}</Dt></BookgDt><AcctSvcrRef>{number}</AcctSvcrRef>"
        f"<NtryDtls><TxDtls><Refs><EndToEndId>{reference}</EndToEndId></Refs>{remark}</TxDtls></NtryDtls></Ntry>"
    )


def camt(*entries: str, message: str = "053", account: str = CENTRE.number) -> bytes:
    outer, inner = ("BkToCstmrStmt", "Stmt") if message == "053" else ("BkToCstmrDbtCdtNtfctn", "Ntfctn")
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.{message}.001.08">'
        f"<{outer}><GrpHdr><MsgId>1</MsgId></GrpHdr><{inner}><Id>1</Id><Acct><Id><Othr><Id>{account}</Id></Othr></Id>"
        f"</Acct>{''.join(entries)}</{inner}></{outer}></Document>"
    ).encode()


async def post_confirmations(pool: Pool, content: bytes) -> list[EntryMatch]:
    """Post a confirmation file in a transaction of its own."""
    entries = read_confirmations(content, *await settlement_accounts(pool))
    async with pool.acquire() as connection, connection.transaction():
        return await post_entries(connection, entries)
