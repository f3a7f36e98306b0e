/** Thrown by every assertion. */
export declare class AssertionError extends Error {
  constructor(message: string, options?: ErrorOptions);
}
type ErrorClass<E extends Error> = abstract new (...args: never[]) => E;
export declare function assert(expr: unknown, msg?: string): asserts expr;
export declare function assertEquals<T>(actual: T, expected: T, msg?: string): void;
export declare function assertNotEquals<T>(actual: T, expected: T, msg?: string): void;
export declare function assertAlmostEquals(actual: number, expected: number, tolerance?: number, msg?: string): void;
export declare function assertExists<T>(actual: T, msg?: string): asserts actual is NonNullable<T>;
export declare function assertGreater<T>(actual: T, expected: T, msg?: string): void;
export declare function assertLess<T>(actual: T, expected: T, msg?: string): void;
export declare function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void;
export declare function assertMatch(actual: string, expected: RegExp, msg?: string): void;
export declare function assertStringIncludes(actual: string, expected: string, msg?: string): void;
export declare function assertThrows<E extends Error = Error>(fn: () => unknown, errorClass?: ErrorClass<E>, msgIncludes?: string, msg?: string): E;
export declare function assertRejects<E extends Error = Error>(fn: () => PromiseLike<unknown>, errorClass?: ErrorClass<E>, msgIncludes?: string, msg?: string): Promise<E>;
export declare function fail(msg?: string): never;
