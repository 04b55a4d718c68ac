/** A ship that lies on the slipway or has left it. */
export interface Ship {
  readonly id: number;
  readonly name: string;
  readonly launched: boolean;
}

/** The ships of one shipyard, in memory. */
export interface Board {
  list(): readonly Ship[];
  /** @returns undefined when the name is empty or taken. */
  add(name: string): Ship | undefined;
  /** @returns undefined when there is no such ship. */
  launch(id: number): Ship | undefined;
}

export function createBoard(): Board {
  const ships: Ship[] = [];
  return {
    list: () => [...ships],
    add(name) {
      const trimmed = name.trim();
      if (trimmed === "" || ships.some((ship) => ship.name === trimmed)) return undefined;
      const ship: Ship = { id: ships.length + 1, name: trimmed, launched: false };
      ships.push(ship);
      return ship;
    },
    launch(id) {
      const index = ships.findIndex((ship) => ship.id === id);
      const ship = ships[index];
      if (ship === undefined) return undefined;
      const launched = { ...ship, launched: true };
      ships[index] = launched;
      return launched;
    },
  };
}
