// The beginning of a file, by which the server shows how it would read the whole.

const ENOUGH = 1_000_000; // bytes; a smaller file is looked at whole
const LINE_END = 10;

/** `{file, scale}`: what is sent to be looked at, and how many times as large the whole file is. */
export async function sampleOf(file) {
  if (file.size <= ENOUGH) return { file, scale: 1 };
  const [gzip, unpacked] = await Promise.all([isGzip(file), sizeInGzip(file)]);
  if (!gzip) return cut(await file.slice(0, ENOUGH).arrayBuffer(), file.name, file.size);
  try {
    const stream = file.stream().pipeThrough(new DecompressionStream("gzip"));
    return cut(await beginning(stream), file.name.replace(/\.gz$/i, ""), unpacked);
  } catch {
    return { file, scale: 1 }; // the server answers what is wrong with it
  }
}

/** Cut behind the last whole line. In UTF-16 a line's end has two bytes. */
function cut(buffer, name, size) {
  const bytes = new Uint8Array(buffer);
  const wide = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  const end = bytes.lastIndexOf(LINE_END) + 1 || bytes.length;
  const kept = bytes.subarray(0, wide ? end + (end % 2) : end);
  return { file: new File([kept], name), scale: Math.max(1, size / kept.length) };
}

async function isGzip(file) {
  const [first, second] = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  return first === 0x1f && second === 0x8b;
}

/** A gzip file ends with the size of what it holds. */
async function sizeInGzip(file) {
  return new DataView(await file.slice(-4).arrayBuffer()).getUint32(0, true);
}

async function beginning(stream) {
  const reader = stream.getReader();
  const parts = [];
  for (let size = 0; size < ENOUGH; ) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    size += value.length;
  }
  reader.cancel().catch(() => {}); // the rest is not needed
  return new Blob(parts).slice(0, ENOUGH).arrayBuffer();
}
