/** A scanner that looks: frames of a camera, one after another, as fast as they are read. */

const FRAME_EVERY_MS = 66;
/** The middle square is read in a third less time, and codes are held to the middle. */
const SIDE_MAX_PX = 720;
/** A photograph is read at this size: a code in it is large enough. */
const PICTURE_MAX_PX = 1_600;
/** A code in the picture is scanned once, until it has been out of it for so long. */
const GONE_AFTER_MS = 2_000;

/**
 * Look until the signal is aborted; rejects when there is no camera, it may not be used, or nothing reads it. What comes into the picture
 * while `isFree` says no is scanned afterwards, if it is still there.
 */
export async function lookForCodes(
  video: HTMLVideoElement,
  isFree: () => boolean,
  scanned: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const stream = await navigator.mediaDevices.getUserMedia({
    video: { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } },
  });
  const decoder = new Worker(new URL("./decoder.ts", import.meta.url), { type: "module" });
  const seen = new Map<string, number>();
  let timer = 0;
  const end = () => {
    clearTimeout(timer);
    decoder.terminate();
    for (const track of stream.getTracks()) track.stop();
  };
  if (signal.aborted) return end();
  signal.addEventListener("abort", end);
  video.srcObject = stream;
  await video.play();
  const look = () => {
    const frame = middleOf(video);
    if (frame) decoder.postMessage(frame, [frame.data.buffer]);
    else timer = window.setTimeout(look, FRAME_EVERY_MS);
  };
  decoder.addEventListener("message", ({ data: text }: MessageEvent<string | null>) => {
    if (text === null) return;
    if (text) {
      const at = performance.now();
      const isNew = at - (seen.get(text) ?? Number.NEGATIVE_INFINITY) > GONE_AFTER_MS;
      if (!isNew || isFree()) {
        seen.clear();
        seen.set(text, at);
      }
      if (isNew && isFree()) scanned(text);
    }
    timer = window.setTimeout(look, FRAME_EVERY_MS);
  });
  look();
  await new Promise<void>((resolve, reject) => {
    signal.addEventListener("abort", () => resolve());
    decoder.addEventListener("message", ({ data }) => data === null && reject(new Error("nothing reads the camera")));
  }).finally(end);
}

let context: CanvasRenderingContext2D | null = null;

/** The middle square of what the camera sees now; null before its first picture. */
function middleOf(video: HTMLVideoElement): ImageData | null {
  const whole = Math.min(video.videoWidth, video.videoHeight);
  if (whole === 0) return null;
  const side = Math.min(whole, SIDE_MAX_PX);
  context ??= document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  if (!context) return null;
  context.canvas.width = side;
  context.canvas.height = side;
  const [x, y] = [(video.videoWidth - whole) / 2, (video.videoHeight - whole) / 2];
  context.drawImage(video, x, y, whole, whole, 0, 0, side, side);
  return context.getImageData(0, 0, side, side);
}

/** The code in a picture, for who has no camera that a page may use; "" where none is found. */
export async function codeInPicture(picture: Blob): Promise<string> {
  const image = await createImageBitmap(picture);
  const scale = Math.min(1, PICTURE_MAX_PX / Math.max(image.width, image.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(image.width * scale);
  canvas.height = Math.round(image.height * scale);
  const drawn = canvas.getContext("2d");
  if (!drawn) return "";
  drawn.drawImage(image, 0, 0, canvas.width, canvas.height);
  const decoder = new Worker(new URL("./decoder.ts", import.meta.url), { type: "module" });
  const frame = drawn.getImageData(0, 0, canvas.width, canvas.height);
  const found = new Promise<string>((done) => {
    decoder.addEventListener("message", ({ data }: MessageEvent<string>) => done(data));
  });
  decoder.postMessage(frame, [frame.data.buffer]);
  return found.finally(() => decoder.terminate());
}
