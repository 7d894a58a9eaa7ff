import { ByteArray, Bytes, listOf, NumberArray, setBytes } from './primordials';

/** Number columns filled row by row, and handed out as exact copies in one buffer that can be transferred. */
export interface Columns {
  length: number;
  add(a: number, b: number, c?: number, d?: number, e?: number, f?: number): void;
  take(): { buffer: ArrayBuffer; columns: Float64Array[] };
}

/** Room for `capacity` rows of `width` numbers (at most six); memory is taken with the first row. */
export function createColumns(width: number, capacity: number): Columns {
  let source: ArrayBuffer | null = null;
  let work = new NumberArray(0);
  return {
    length: 0,
    add(a, b, c = 0, d = 0, e = 0, f = 0) {
      if (!source) {
        source = new Bytes(capacity * 6 * 8);
        work = new NumberArray(source);
      }
      const row = this.length++;
      work[row] = a;
      work[capacity + row] = b;
      work[capacity * 2 + row] = c;
      work[capacity * 3 + row] = d;
      work[capacity * 4 + row] = e;
      work[capacity * 5 + row] = f;
    },
    take() {
      const { length } = this;
      const buffer = new Bytes(width * length * 8);
      const columns = listOf(width, (index) => {
        const column = new NumberArray(buffer, index * length * 8, length);
        if (source) setBytes(column, new NumberArray(source, index * capacity * 8, length));
        return column;
      });
      this.length = 0;
      return { buffer, columns };
    },
  };
}

/** Payload bytes lying one behind the other, handed out as an exact copy. */
export interface ByteLog {
  length: number;
  add(bytes: Uint8Array, byteLength: number): void;
  take(): { buffer: ArrayBuffer; bytes: Uint8Array<ArrayBuffer> };
}

const FIRST_BYTES = 4096;

export function createByteLog(): ByteLog {
  let source = new Bytes(0);
  let room = 0;
  return {
    length: 0,
    add(bytes, added) {
      const used = this.length;
      if (used + added > room) {
        room = room || FIRST_BYTES;
        while (room < used + added) room *= 2;
        const larger = new Bytes(room);
        setBytes(new ByteArray(larger, 0, used), new ByteArray(source, 0, used));
        source = larger;
      }
      setBytes(new ByteArray(source, used, added), bytes);
      this.length = used + added;
    },
    take() {
      const { length } = this;
      const buffer = new Bytes(length);
      const bytes = new ByteArray(buffer, 0, length);
      if (length > 0) setBytes(bytes, new ByteArray(source, 0, length));
      this.length = 0;
      return { buffer, bytes };
    },
  };
}

/** Strings in rows; an array of holes would let a setter on Array.prototype see every one. */
export interface TextColumn {
  set(row: number, text: string | null): void;
  take(length: number): (string | null)[];
}

export function createTextColumn(capacity: number): TextColumn {
  let work: (string | null)[] | null = null;
  return {
    set(row, text) {
      work ??= listOf<string | null>(capacity, () => null);
      work[row] = text;
    },
    take(length) {
      return listOf(length, (row) => {
        const text = work ? work[row]! : null;
        if (work) work[row] = null;
        return text;
      });
    },
  };
}
