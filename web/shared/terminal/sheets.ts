/**
 * The code of a canteen's sheet in what a camera read (section 9.2 of the page): an address, an EMVCo merchant-presented
 * payload, or the code itself. Whether it is genuine, and still holds, the centre says.
 */

import { utf8 } from "./bytes.ts";

const CODE_CHARACTERS = 99;
const IDENTIFIER = "cn.onecard";
const PAYLOAD_MAX = 512;
const ADDRESS = new RegExp(`^(?:https?://[^/?#\\s]+/s/)?([A-Za-z0-9_-]{${CODE_CHARACTERS}})$`);

/** The code in a scanned text; null where there is none, or where a checksum is wrong. */
export function readSheet(scanned: string): string | null {
  const bare = scanned.trim();
  if (bare.startsWith("000201")) return codeInPayload(bare);
  return ADDRESS.exec(bare)?.[1] ?? null;
}

function codeInPayload(payload: string): string | null {
  if (payload.length > PAYLOAD_MAX || payload.slice(-8, -4) !== "6304") return null;
  if (crc16(payload.slice(0, -4)) !== payload.slice(-4)) return null;
  const objects = dataObjects(payload);
  if (!objects) return null;
  const names = [...objects.keys()].filter((name) => name >= "26" && name <= "51").sort();
  let code = "";
  for (const name of names) {
    const template = dataObjects(objects.get(name) ?? "");
    if (!template) return null;
    if (template.get("00") === IDENTIFIER) code += template.get("01") ?? "";
  }
  return code.length === CODE_CHARACTERS ? code : null;
}

/** Data objects by identifier: two digits, two digits of length, a value. Null for anything else. */
function dataObjects(text: string): Map<string, string> | null {
  const objects = new Map<string, string>();
  for (let at = 0; at < text.length; ) {
    const head = text.slice(at, at + 4);
    const name = head.slice(0, 2);
    if (!/^[0-9]{4}$/.test(head) || objects.has(name)) return null;
    const value = text.slice(at + 4, at + 4 + Number(head.slice(2)));
    if (value.length !== Number(head.slice(2))) return null;
    objects.set(name, value);
    at += 4 + value.length;
  }
  return objects;
}

/** CRC-16/CCITT-FALSE: polynomial 1021, start FFFF. */
function crc16(text: string): string {
  let crc = 0xffff;
  for (const byte of utf8(text)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = ((crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff) >>> 0;
  }
  return crc.toString(16).toUpperCase().padStart(4, "0");
}
