import { type LogicalName, unspecifiedDateTime } from "@dlmskit/core";
import { TokenDeliveryMethod, TokenGateway, TokenStatusCode } from "../../classes/payment/token-gateway.ts";
import type { Timeline, Values } from "../../interface-class.ts";
import { after, attempt, type MaybePromise } from "../../maybe-promise.ts";
import { type Context, type CosemObject, type Hooks, object, type TimeContext } from "../../object.ts";
import { refusalOf, refuse } from "../../refusal.ts";
import { booksOf, findAccount, isActive } from "./books.ts";
import { topUp } from "./top-up.ts";

type GatewayValues = Values<typeof TokenGateway>;
type GatewayState = NonNullable<GatewayValues["state"]>;

/** The result of reading a token. */
export type TokenReading =
  | {
      readonly result: "format-failure" | "authentication-failure" | "validation-failure";
      /** data_value of token_status: bits with details. */
      readonly dataValue?: string;
    }
  | {
      readonly result: "valid";
      /**
       * Identifies the token; newer tokens have higher identifiers (0 to 2⁶³ - 1). A token with a used identifier is not accepted again.
       */
      readonly identifier: bigint;
      /**
       * The amount to credit, in the scale of the account's currency, or a function to call instead. If the function refuses, the execution
       * fails.
       */
      readonly credits: bigint | ((context: Context) => MaybePromise<void>);
      /** token_description: the text for the display. */
      readonly description?: readonly Uint8Array[];
      readonly dataValue?: string;
    };

/** Checks and decodes tokens: their format and their cryptography. These packages do not contain STS (IEC 62055-41). */
export interface TokenPort {
  read(token: Uint8Array, context: Context): MaybePromise<TokenReading>;
}

export interface TokenGatewayOptions {
  readonly tokens: TokenPort;
  /** The Account to credit; by default the only one of the logical device. */
  readonly account?: LogicalName;
  /** ms from `enter` until the token is processed (token_status is 8 during this time); 0 by default: it is processed at once. */
  readonly processingTime?: number;
  /** The number of identifiers of used tokens that are kept: 100 by default. Tokens older than all of them are also refused. */
  readonly remembered?: number;
  /** token_delivery_method; by default remote if a client enters the token, and manual entry if the meter itself does. */
  readonly delivery?: (context: Context) => number;
}

const none = -1n;
const firstState: GatewayState = { used: [], forgotten: none, due: none };

/**
 * Accepts tokens (class 115; Blue Book 4.6.5). `enter` succeeds whether or not the token is valid: token_status shows the result, and a
 * token that fails credits nothing. `enter` is refused (temporary-failure) while another token is waiting to be processed.
 */
export function tokenGateway(
  instance: LogicalName,
  options: TokenGatewayOptions,
  hooks: Hooks<typeof TokenGateway> = {},
): CosemObject<typeof TokenGateway> {
  const { processingTime = 0, delivery = usualDelivery } = options;
  return object(
    TokenGateway,
    instance,
    {
      token: new Uint8Array(0),
      tokenTime: unspecifiedDateTime,
      tokenDescription: [],
      tokenDeliveryMethod: TokenDeliveryMethod.viaRemoteCommunications,
      tokenStatus: { statusCode: TokenStatusCode.tokenFormatResultOk, dataValue: "" },
    },
    {
      ...(processingTime > 0 ? { time: processingOf(options) } : {}),
      ...hooks,
      invoke: {
        enter(values, token, context) {
          const { due } = values.state ?? firstState;
          if (due !== none) throw refuse("temporary-failure", "another token is being processed");
          values.token = token;
          values.tokenTime = context.local.dateTimeOf(context.now);
          values.tokenDescription = [];
          values.tokenDeliveryMethod = delivery(context);
          if (processingTime <= 0) return process(options, context);
          setStatus(context, "tokenReceivedAndNotYetProcessed");
          setState(context, { due: BigInt(Math.ceil(context.elapsed + processingTime)) });
        },
        ...hooks.invoke,
      },
    },
  );
}

const usualDelivery = ({ client }: Context): number =>
  client === undefined ? TokenDeliveryMethod.viaManualEntry : TokenDeliveryMethod.viaRemoteCommunications;

const gatewayOf = ({ object: own }: Context) => own as CosemObject<typeof TokenGateway>;

function setStatus(context: Context, code: keyof typeof TokenStatusCode, dataValue = ""): void {
  context.device.set(gatewayOf(context), "tokenStatus", { statusCode: TokenStatusCode[code], dataValue });
}

function setState(context: Context, changed: Partial<GatewayState>): void {
  const { state } = context.device.values(gatewayOf(context));
  context.device.set(gatewayOf(context), "state", { ...firstState, ...state, ...changed });
}

const processingOf = (options: TokenGatewayOptions): Timeline<GatewayValues, Context, TimeContext> => ({
  missed: "each",
  next({ state }, { clockAt }, after) {
    const due = state?.due ?? none;
    return due === none ? undefined : Math.max(clockAt(Number(due)), Math.floor(after) + 1);
  },
  run(values, context): MaybePromise<void> {
    if ((values.state?.due ?? none) === none) return undefined;
    setState(context, { due: none });
    return process(options, context);
  },
});

const failures = {
  "format-failure": "tokenFormatFailure",
  "authentication-failure": "authenticationFailure",
  "validation-failure": "validationResultFailure",
} as const;

/** Format, authentication, validation, execution: the status shows the step that failed, or that the token was executed. */
function process(options: TokenGatewayOptions, context: Context): MaybePromise<void> {
  const { token } = context.device.values(gatewayOf(context));
  const failed = (error: unknown): void => {
    setStatus(context, "tokenExecutionResultFailure");
    if (refusalOf(error) === undefined) context.device.failed?.(`the token in ${context.object.instance}`, error);
  };
  return attempt(
    () => after(options.tokens.read(token, context), (reading) => apply(reading, options, context)),
    failed,
  );
}

function apply(reading: TokenReading, options: TokenGatewayOptions, context: Context): MaybePromise<void> {
  const { dataValue } = reading;
  if (reading.result !== "valid") return setStatus(context, failures[reading.result], dataValue);
  const { device } = context;
  const { identifier, credits, description = [] } = reading;
  const account = findAccount(device, options.account);
  const state = device.values(gatewayOf(context)).state ?? firstState;
  device.set(gatewayOf(context), "tokenDescription", [...description]);
  const isUsed = identifier <= state.forgotten || state.used.includes(identifier);
  if (isUsed || account === undefined || !isActive(device.values(account))) {
    return setStatus(context, "validationResultFailure", dataValue);
  }
  return after(typeof credits === "bigint" ? topUp(booksOf(context, account), credits) : credits(context), () => {
    setState(context, remember(state, identifier, options.remembered ?? 100));
    setStatus(context, "tokenExecutionResultOk", dataValue);
  });
}

/** The kept identifiers with one more added. */
function remember({ used, forgotten }: GatewayState, identifier: bigint, most: number): Partial<GatewayState> {
  const all = [...used, identifier].sort((one, other) => (one < other ? -1 : one > other ? 1 : 0));
  const gone = all.slice(0, Math.max(0, all.length - most));
  return { used: all.slice(gone.length), forgotten: gone.at(-1) ?? forgotten };
}
