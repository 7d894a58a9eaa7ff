/** Put in when the command is built. */
declare const __VERSION__: string;

/** Version of this package. */
export const VERSION = __VERSION__;
