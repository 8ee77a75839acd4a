/** A QR code, drawn as one path. */

import { encode } from "uqr";

/** The quiet zone of ISO/IEC 18004. */
const QUIET_MODULES = 4;

/** `label`: what the picture is, for who cannot see it. `ecc`: how much of it may be covered. */
export function QrCode({ text, label, ecc }: { text: string; label: string; ecc: "L" | "M" }) {
  const { data, size } = encode(text, { ecc, border: QUIET_MODULES });
  const path = data.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ""))).join("");
  return (
    <svg viewBox={`0 0 ${size} ${size}`} shape-rendering="crispEdges" role="img" aria-label={label}>
      <path d={path} />
    </svg>
  );
}
