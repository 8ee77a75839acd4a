/** A scanner at a serial port (Web Serial): each line is a code. */

/** What is used here of the Web Serial API: the types of the DOM do not have it. */
interface Port {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>> | null;
  open(options: { baudRate: number }): Promise<void>;
  close(): Promise<void>;
}
interface Serial {
  requestPort(): Promise<Port>;
  getPorts(): Promise<Port[]>;
}

const BAUD = 9_600;
/** No code is longer. */
const LINE_MAX = 4_296;

function serial(): Serial | null {
  return (navigator as Navigator & { serial?: Serial }).serial ?? null;
}

export function hasSerial(): boolean {
  return serial() !== null;
}

/**
 * Read lines until the signal is aborted or the scanner is unplugged. `isAsked`: the browser asks which port, else the
 * one that was chosen before is taken. False when there is none.
 */
export async function readSerial(
  isAsked: boolean,
  scanned: (text: string) => void,
  signal: AbortSignal,
): Promise<boolean> {
  const port = isAsked ? await serial()?.requestPort() : (await serial()?.getPorts())?.[0];
  if (!port) return false;
  await port.open({ baudRate: BAUD });
  const lines = port.readable?.pipeThrough(new TextDecoderStream(), { signal }).getReader();
  let rest = "";
  try {
    for (let part = await lines?.read(); part && !part.done; part = await lines?.read()) {
      const found = (rest + part.value).split(/[\r\n]+/);
      rest = (found.pop() ?? "").slice(-LINE_MAX);
      for (const line of found) if (line) scanned(line);
    }
  } finally {
    await port.close().catch(() => undefined);
  }
  return true;
}
