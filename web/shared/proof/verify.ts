/** What becomes of the files that somebody chose: a report, or why there is none. */

import type { Bytes } from "../terminal/bytes.ts";
import { type Bundle, NotABundle, readBundle } from "./bundle.ts";
import { audit, type Finding, importKeys, NotAKey, type Progress, Unable } from "./checks.ts";

export type Verdict =
  | { readonly kind: "checked"; readonly bundle: Bundle; readonly findings: readonly Finding[] }
  | { readonly kind: "not_a_bundle" | "not_a_key" | "unable" };

/** Check a bundle with the centre's public keys (hexadecimal), and against the one before where there is one. */
export async function verify(
  file: Blob,
  keys: string,
  previous: Blob | null = null,
  progress?: Progress,
): Promise<Verdict> {
  try {
    const centreKeys = await importKeys(keys);
    const bundle = await readBundle(await contentOf(file));
    const before = previous && (await readBundle(await contentOf(previous)));
    return { kind: "checked", bundle, findings: await audit(bundle, centreKeys, before, progress) };
  } catch (error) {
    if (error instanceof NotABundle) return { kind: "not_a_bundle" };
    if (error instanceof NotAKey) return { kind: "not_a_key" };
    if (error instanceof Unable) return { kind: "unable" };
    throw error;
  }
}

async function contentOf(file: Blob): Promise<Bytes> {
  return new Uint8Array(await file.arrayBuffer());
}

export function isGenuine(findings: readonly Finding[]): boolean {
  return findings.every((one) => one.holds);
}
