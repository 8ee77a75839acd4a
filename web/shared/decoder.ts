/** Reads QR codes in pictures, beside the page: it is the wasm of zxing-cpp, served by ourselves. */

import { prepareZXingModule, type ReaderOptions, readBarcodes } from "zxing-wasm/reader";
import wasm from "zxing-wasm/reader/zxing_reader.wasm?url";

const OPTIONS: ReaderOptions = {
  formats: ["QRCode"],
  maxNumberOfSymbols: 1,
  tryHarder: false,
  tryRotate: false,
  tryInvert: false,
};

void prepareZXingModule({ overrides: { locateFile: () => wasm }, fireImmediately: true });

addEventListener("message", async ({ data }: MessageEvent<ImageData>) => {
  const [found] = await readBarcodes(data, OPTIONS);
  postMessage(found?.text ?? "");
});
