/** The files of a ZIP (APPNOTE 6.3), stored or deflated, each as it was packed: sizes and CRC-32 must fit. */

import type { Bytes } from "../terminal/bytes.ts";

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const END_BYTES = 22;
const COMMENT_BYTES_MAX = 65_535;
const STORED = 0;
const DEFLATED = 8;
const ENCRYPTED = 1;
/** As `onecard audit` takes it. */
const UNPACKED_BYTES_MAX = 2_000_000_000;

/** Its files by name. Throws RangeError for what is no such archive. */
export async function unpack(archive: Bytes): Promise<ReadonlyMap<string, Bytes>> {
  const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
  const end = endOf(view);
  const files = new Map<string, Bytes>();
  let at = view.getUint32(end + 16, true);
  let left = UNPACKED_BYTES_MAX;
  for (let n = view.getUint16(end + 10, true); n > 0; n--) {
    if (view.getUint32(at, true) !== ENTRY) throw new RangeError("no entry where one should be");
    const size = view.getUint32(at + 24, true);
    left -= size;
    if (left < 0) throw new RangeError("it unpacks to too much");
    const nameBytes = view.getUint16(at + 28, true);
    const name = new TextDecoder().decode(archive.subarray(at + 46, at + 46 + nameBytes));
    files.set(name, await file(archive, view, at, size));
    at += 46 + nameBytes + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return files;
}

function endOf(view: DataView): number {
  const first = Math.max(0, view.byteLength - END_BYTES - COMMENT_BYTES_MAX);
  for (let at = view.byteLength - END_BYTES; at >= first; at--) {
    if (view.getUint32(at, true) === END) return at;
  }
  throw new RangeError("no ZIP");
}

async function file(archive: Bytes, view: DataView, entry: number, size: number): Promise<Bytes> {
  const method = view.getUint16(entry + 10, true);
  const at = view.getUint32(entry + 42, true);
  if (view.getUint16(entry + 8, true) & ENCRYPTED || ![STORED, DEFLATED].includes(method)) {
    throw new RangeError("packed in a way that bundles are not");
  }
  if (view.getUint32(at, true) !== LOCAL) throw new RangeError("no file where one should be");
  const begin = at + 30 + view.getUint16(at + 26, true) + view.getUint16(at + 28, true);
  const end = begin + view.getUint32(entry + 20, true);
  if (end > archive.length) throw new RangeError("a file goes beyond the end");
  const packed = archive.slice(begin, end);
  const content = method === STORED ? packed : await inflate(packed);
  if (content.length !== size || crc32(content) !== view.getUint32(entry + 16, true)) {
    throw new RangeError("a file is damaged");
  }
  return content;
}

async function inflate(packed: Bytes): Promise<Bytes> {
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  try {
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch {
    throw new RangeError("a file cannot be unpacked");
  }
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let crc = n;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

function crc32(content: Bytes): number {
  let crc = 0xffffffff;
  for (const byte of content) crc = (CRC_TABLE[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
