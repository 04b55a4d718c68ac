/** An address without the password in it. */
export function shownAddress(address: string): string {
  return address.replace(/^(\w+:\/\/[^@/?#:]*):[^@/?#]*@/, "$1:xxxxx@");
}
