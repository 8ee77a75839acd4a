/** Photos as they are sent: a camera's are ten times as large as anybody needs to see, and say where they were taken. */

/** Pixels of the longer side. */
const SIDE_MAX = 1_600;
/** Bytes: five photos fit into one message (BODY_MAX of the centre) as Base64. */
const SIZE_MAX = 560_000;
const QUALITIES = [0.82, 0.65, 0.45, 0.25];
export const PHOTOS_MAX = 5;

/** A file that no browser can draw: no photo, or of an unknown kind. */
export class NoPhoto extends Error {}

function drawnOn(canvas: HTMLCanvasElement, picture: ImageBitmap, side: number): void {
  const scale = Math.min(1, side / Math.max(picture.width, picture.height));
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  const context = canvas.getContext("2d");
  if (context === null) throw new NoPhoto();
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
}

async function pictureIn(content: Blob): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(content);
  } catch {
    throw new NoPhoto();
  }
}

/** A photo as JPEG of a size that may be sent, without what the camera noted beside it. Throws NoPhoto. */
export async function shrunk(content: Blob): Promise<Blob> {
  const picture = await pictureIn(content);
  const canvas = document.createElement("canvas");
  try {
    for (const side of [SIDE_MAX, SIDE_MAX / 2]) {
      drawnOn(canvas, picture, side);
      for (const quality of QUALITIES) {
        const made = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/jpeg", quality));
        if (made !== null && made.size <= SIZE_MAX) return made;
      }
    }
  } finally {
    picture.close();
  }
  throw new NoPhoto();
}

/** Draw a photo small. An `img` would need an address of its own kind, which the pages' policy does not allow. */
export async function drawSmall(canvas: HTMLCanvasElement, content: Blob, side: number): Promise<void> {
  const picture = await pictureIn(content);
  drawnOn(canvas, picture, side);
  picture.close();
}
