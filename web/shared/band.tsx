/** The colours of a minute, moving: a picture of a screen stands still. */

const STRIPES = 12;

export interface Colours {
  readonly ground: string;
  readonly figure: string;
}

export function Band({ minute: { ground, figure } }: { minute: Colours }) {
  const stripes = Array.from({ length: STRIPES }, (_, at) => (at - STRIPES / 2) * 40);
  return (
    <svg class="band" viewBox={`0 0 ${STRIPES * 20} 8`} preserveAspectRatio="none" aria-hidden="true">
      <rect width="100%" height="100%" fill={ground} />
      <g>
        {stripes.map((x) => (
          <rect key={x} x={x} width="20" height="8" fill={figure} />
        ))}
      </g>
    </svg>
  );
}
