/** The file holds a key that only a passphrase opens. */
export class EncryptedKeyError extends Error {}
