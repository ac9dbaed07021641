/** A picture with the page's background, for a file. */
export function pngOf(canvas: HTMLCanvasElement, page: string): Promise<Blob | null> {
  const copy = document.createElement("canvas");
  const ctx = copy.getContext("2d");
  if (!ctx) return Promise.resolve(null);
  copy.width = canvas.width;
  copy.height = canvas.height;
  ctx.fillStyle = page;
  ctx.fillRect(0, 0, copy.width, copy.height);
  ctx.drawImage(canvas, 0, 0);
  return new Promise(resolve => copy.toBlob(resolve, "image/png"));
}
