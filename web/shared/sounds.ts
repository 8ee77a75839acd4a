/** Each result has a sound of its own, which the next room tells apart: no file, two oscillators. */

export type Sound = "taken" | "good" | "look" | "refused" | "unknown" | "hint";

/** Frequency in hertz, beginning and length in seconds. */
type Tone = readonly [number, number, number];

const TONES: Readonly<Record<Sound, readonly Tone[]>> = {
  taken: [[1_200, 0, 0.04]],
  good: [
    [880, 0, 0.1],
    [1_320, 0.1, 0.18],
  ],
  look: [
    [660, 0, 0.14],
    [660, 0.2, 0.14],
    [880, 0.4, 0.2],
  ],
  refused: [
    [330, 0, 0.22],
    [208, 0.24, 0.4],
  ],
  unknown: [
    [494, 0, 0.15],
    [392, 0.18, 0.15],
    [494, 0.36, 0.15],
    [392, 0.54, 0.15],
  ],
  hint: [[262, 0, 0.12]],
};
const LOUDNESS = 0.25;

let context: AudioContext | undefined;

/** Whether the browser lets this page sound: once somebody has touched it or typed. */
export function isAudible(): boolean {
  context ??= new AudioContext();
  void context.resume();
  return context.state === "running";
}

export function play(sound: Sound): void {
  context ??= new AudioContext();
  void context.resume();
  for (const [hertz, begins, lasts] of TONES[sound]) tone(context, hertz, context.currentTime + begins, lasts);
}

function tone(audio: AudioContext, hertz: number, at: number, lasts: number): void {
  const oscillator = new OscillatorNode(audio, { type: hertz < 400 ? "square" : "sine", frequency: hertz });
  const volume = new GainNode(audio, { gain: LOUDNESS });
  volume.gain.setTargetAtTime(0, at + lasts * 0.7, lasts * 0.1);
  oscillator.connect(volume).connect(audio.destination);
  oscillator.start(at);
  oscillator.stop(at + lasts);
}
