/** A file that cannot be opened. The message is one sentence for a person: which file, what is wrong, what to do. */
export class UnusableFile extends Error {
  override name = 'UnusableFile';
}
