/**
 * A collector of OpenTelemetry on this machine: it keeps what arrives as JSON over HTTP.
 *
 * @module
 */

type Attribute = {
  readonly key: string;
  readonly value: Readonly<Record<string, string | number | boolean>>;
};

interface WithAttributes {
  readonly attributes: readonly Attribute[];
}

/** A span as it arrives. */
export interface ReceivedSpan extends WithAttributes {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status: { readonly code: number; readonly message: string };
  readonly events: readonly ({ readonly name: string } & WithAttributes)[];
}

/** A metric as it arrives, with its last points. */
export interface ReceivedMetric {
  readonly name: string;
  readonly unit: string;
  readonly kind: "gauge" | "sum" | "histogram";
  readonly points: readonly (WithAttributes & {
    readonly asDouble?: number;
    readonly asInt?: string;
    readonly sum?: number;
    readonly count?: string | number;
  })[];
}

interface Scoped {
  readonly scope: { readonly name: string };
}

/** The bodies of requests, as far as they are read. */
interface Body {
  readonly resourceSpans?: readonly {
    readonly scopeSpans: readonly (Scoped & { readonly spans: readonly ReceivedSpan[] })[];
  }[];
  readonly resourceMetrics?: readonly {
    readonly scopeMetrics: readonly (Scoped & {
      readonly metrics:
        readonly (Record<string, { readonly dataPoints: ReceivedMetric["points"] }> & {
          readonly name: string;
          readonly unit: string;
        })[];
    })[];
  }[];
}

/** A collector that listens until disposed. */
export class Collector implements AsyncDisposable {
  /** Spans in order of arrival, those of the program's own scope. */
  readonly spans: ReceivedSpan[] = [];
  /** Metrics by name. */
  readonly metrics: Map<string, ReceivedMetric> = new Map<string, ReceivedMetric>();
  readonly #scope: string;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  /** @param scope the instrumentation that is listened to */
  constructor(scope: string) {
    this.#scope = scope;
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      async (request) => {
        this.#take(await request.json());
        return Response.json({});
      },
    );
  }

  /** Variables of a process that sends to it. */
  get env(): Record<string, string> {
    return {
      OTEL_DENO: "true",
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${this.#server.addr.port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    };
  }

  /** Stops listening. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  #take({ resourceSpans = [], resourceMetrics = [] }: Body): void {
    const isOwn = ({ scope }: Scoped) => scope.name === this.#scope;
    for (const { scopeSpans } of resourceSpans) {
      this.spans.push(...scopeSpans.filter(isOwn).flatMap(({ spans }) => spans));
    }
    for (const { scopeMetrics } of resourceMetrics) {
      for (const { name, unit, ...data } of scopeMetrics.filter(isOwn).flatMap((s) => s.metrics)) {
        const kind = (["gauge", "sum", "histogram"] as const).find((kind) => kind in data)!;
        this.metrics.set(name, { name, unit, kind, points: data[kind]!.dataPoints });
      }
    }
  }
}

/** Attributes by name. */
export function attributesOf(
  { attributes }: WithAttributes,
): Readonly<Record<string, string | number | boolean>> {
  return Object.fromEntries(
    attributes.map(({ key, value: { stringValue, intValue, doubleValue, boolValue } }) => [
      key,
      stringValue ?? (intValue === undefined ? doubleValue ?? boolValue! : Number(intValue)),
    ]),
  );
}
