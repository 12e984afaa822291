/**
 * Gives large buffers back at once. The garbage collector would find them too, but V8 begins a full
 * collection after every few dozen megabytes of buffers that were made, whatever became of them: of
 * a backup of 800 MB there were 52, and a quarter of its processor time.
 */

/**
 * Bytes that memory may be larger than the buffer that has it to itself. zlib is given as many more
 * than it needs: it asks for another buffer when the first is full, even at the end.
 */
export const spareBytes = 64

/**
 * Detaches the memory that the buffer has to itself: it and all its views are empty from then on.
 * One that shares its memory, as small buffers and views of larger ones do, is left alone.
 */
export const freeBytes = ({ buffer, byteLength, byteOffset }: Uint8Array): void => {
  const alone = byteOffset === 0 && byteLength > 0 && buffer.byteLength <= byteLength + spareBytes
  if (alone && buffer instanceof ArrayBuffer) buffer.transfer(0)
}
