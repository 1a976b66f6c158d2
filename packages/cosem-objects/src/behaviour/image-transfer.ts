import { Fault, type LogicalName, logicalName } from "@dlmskit/core";
import {
  type ImageToActivateInfo,
  ImageTransfer,
  type ImageTransferState,
  ImageTransferStatus as Status,
} from "../classes/access/image-transfer.ts";
import type { Timeline, Values } from "../interface-class.ts";
import { after, attempt, type MaybePromise } from "../maybe-promise.ts";
import { type Context, type CosemObject, type Hooks, object, type TimeContext } from "../object.ts";
import { refuse, refuseAndKeep } from "../refusal.ts";
import {
  blockCount,
  clearBlocks,
  imageOctets,
  isComplete,
  largestBlock,
  mostBlocks,
  takeBlock,
} from "./image-blocks.ts";

type ImageValues = Values<typeof ImageTransfer>;

/** An image whose blocks have all been transferred. */
export interface Image {
  readonly identifier: Uint8Array;
  readonly octets: Uint8Array;
}

export interface ImageTransferOptions {
  /** image_block_size, octets: 1 to 65,520; 256 by default. */
  readonly blockSize?: number;
  /** The maximum size of an image, octets; 1,048,576 by default. An image has at most 65,536 blocks. */
  readonly largestImage?: number;
  /** image_transfer_enabled; true by default. */
  readonly enabled?: boolean;
  /** Whether an image with that identifier and size is accepted; every image is accepted by default. */
  accepts?(identifier: Uint8Array, size: number, context: Context): boolean;
  /**
   * Verifies the octets. Returns true or false, or the value for image_to_activate_info if one transfer contains several images. By default
   * every image is valid. If it throws, the verification fails and the error is reported as an event.
   */
  verify?(image: Image, context: Context): MaybePromise<boolean | readonly ImageToActivateInfo[]>;
  /** Activates a verified image. If it returns false or throws, the activation has failed. */
  // biome-ignore lint/suspicious/noConfusingVoidType: a hook that has nothing to say returns nothing
  activate?(image: Image, context: Context): MaybePromise<boolean | void>;
  /** The Data object with the firmware version (`"1-0:0.2.0"`): activation writes the identifier of the image to it. */
  readonly firmware?: LogicalName;
  /** The duration of a verification, seconds; 0 by default: the answer then contains the result. */
  readonly verificationTime?: number;
  /** The duration of an activation, seconds; 0 by default. */
  readonly activationTime?: number;
  /** The meter restarts to activate an image: its associations end, and it does not answer for `activationTime`. False by default. */
  readonly restarts?: boolean;
  /** The answer to image_activate if activation takes time; temporary-failure by default. */
  readonly activationAnswer?: "temporary-failure" | "success";
  /** The effect of a power failure on a verification or activation in progress: it fails (by default) or is resumed. */
  readonly interrupted?: "fails" | "resumes";
}

type Act = "refuse" | "begin" | "working" | "done";

/** The effect of image_verify and image_activate in each image_transfer_status (Blue Book 4.4.6). */
const acts: { readonly [status: number]: { readonly verify: Act; readonly activate: Act | "verify-first" } } = {
  [Status.imageTransferNotInitiated]: { verify: "refuse", activate: "refuse" },
  [Status.imageTransferInitiated]: { verify: "begin", activate: "verify-first" },
  [Status.imageVerificationInitiated]: { verify: "working", activate: "working" },
  [Status.imageVerificationSuccessful]: { verify: "done", activate: "begin" },
  [Status.imageVerificationFailed]: { verify: "begin", activate: "verify-first" },
  [Status.imageActivationInitiated]: { verify: "refuse", activate: "working" },
  [Status.imageActivationSuccessful]: { verify: "refuse", activate: "done" },
  [Status.imageActivationFailed]: { verify: "begin", activate: "begin" },
};

const isWorking = (status: number): boolean =>
  status === Status.imageVerificationInitiated || status === Status.imageActivationInitiated;

/**
 * Receives a new firmware image in blocks, verifies it and activates it (class 18; Blue Book 4.4.6). The blocks are stored with the rows of
 * the meter, never in a file. Fault `bad-value` for an impossible block size or time.
 */
export function imageTransfer(
  instance: LogicalName = "0.0.44.0.0.255",
  options: ImageTransferOptions = {},
  hooks: Hooks<typeof ImageTransfer> = {},
): CosemObject<typeof ImageTransfer> {
  const { blockSize = 256, largestImage = 0x100000, enabled = true, accepts } = options;
  checkBlockSize(blockSize, (message) => new Fault("bad-value", message, { layer: "cosem" }));
  const work = new ImageWork(options);
  return object(
    ImageTransfer,
    instance,
    {
      imageBlockSize: blockSize,
      imageTransferredBlocksStatus: "",
      imageFirstNotTransferredBlockNumber: 0,
      imageTransferEnabled: enabled,
      imageTransferStatus: Status.imageTransferNotInitiated,
      imageToActivateInfo: [],
    },
    {
      time: work.timeline,
      ...hooks,
      write: {
        imageBlockSize(values, written) {
          checkBlockSize(written, (message) => refuse("other-reason", message));
          const { imageTransferStatus: status } = values;
          if (isWorking(status) || status === Status.imageTransferInitiated) {
            throw refuse("other-reason", "the block size stays while an image is transferred");
          }
          values.imageBlockSize = written;
        },
        imageTransferEnabled(values, written) {
          values.imageTransferEnabled = written;
          if (!written) stop(values);
        },
        ...hooks.write,
      },
      invoke: {
        imageTransferInitiate(values, { imageIdentifier, imageSize }, context) {
          checkEnabled(values);
          if (isWorking(values.imageTransferStatus)) throw refuse("temporary-failure");
          const blocks = blockCount(imageSize, values.imageBlockSize);
          if (imageSize === 0 || imageSize > largestImage || blocks > mostBlocks) {
            throw refuse("other-reason", `an image of ${imageSize} octets is not taken`);
          }
          if (accepts?.(imageIdentifier, imageSize, context) === false) {
            throw refuse("other-reason", "an image of that identifier is not taken");
          }
          clearBlocks(context);
          values.imageTransferStatus = Status.imageTransferInitiated;
          values.imageTransferredBlocksStatus = "0".repeat(blocks);
          values.imageFirstNotTransferredBlockNumber = 0;
          values.imageToActivateInfo = [];
          values.state = {
            ...{ imageIdentifier, imageSize, blockSize: values.imageBlockSize },
            ...{ replaced: 0, replacing: false, due: 0n, activateNext: false },
          };
        },
        imageBlockTransfer(values, block, context) {
          checkEnabled(values);
          const { imageTransferStatus: status } = values;
          const failed = status === Status.imageVerificationFailed;
          if (!failed && status !== Status.imageTransferInitiated) throw refuse("other-reason", "no block is expected");
          const state = stateOf(values);
          takeBlock(values, failed ? { ...state, replacing: true } : state, block, context);
          values.imageTransferStatus = Status.imageTransferInitiated;
        },
        imageVerify(values, _, context) {
          checkEnabled(values);
          const act = acts[values.imageTransferStatus]?.verify;
          if (act === "begin") return work.beginVerification(values, context, false);
          return answer(act, context);
        },
        imageActivate(values, _, context) {
          checkEnabled(values);
          const act = acts[values.imageTransferStatus]?.activate;
          if (act === "verify-first") return work.beginVerification(values, context, true);
          if (act === "begin") return work.beginActivation(values, context);
          return answer(act, context);
        },
        ...hooks.invoke,
      },
    },
  );
}

function checkBlockSize(size: number, fault: (message: string) => Fault): void {
  if (Number.isInteger(size) && size >= 1 && size <= largestBlock) return;
  throw fault(`a block has 1 to ${largestBlock} octets, not ${size}`);
}

function checkEnabled({ imageTransferEnabled }: Readonly<ImageValues>): void {
  if (!imageTransferEnabled) throw refuse("read-write-denied", "image transfer is not enabled");
}

function stateOf({ state }: Readonly<ImageValues>): ImageTransferState {
  if (state === undefined) throw refuse("other-reason", "no image transfer was initiated");
  return state;
}

/** Stops the operation in progress on the image; its blocks are kept. */
function stop(values: ImageValues): void {
  const { imageTransferStatus: status, state } = values;
  if (!isWorking(status) || state === undefined) return;
  values.state = { ...state, due: 0n, activateNext: false };
  values.imageTransferStatus =
    status === Status.imageVerificationInitiated ? Status.imageTransferInitiated : Status.imageVerificationSuccessful;
}

function answer(act: Act | undefined, context: Context): void {
  if (act === "working") working(context);
  else if (act !== "done") throw refuse("other-reason", "the image is not ready for that");
}

/** A client must poll image_transfer_status; if the meter itself invoked the method, it succeeds when the operation has started. */
function working({ by }: Context): void {
  if ("self" in by) return;
  throw refuseAndKeep("temporary-failure", "image_transfer_status tells when it is done");
}

/** Verification and activation for one object, done at once or over time. */
class ImageWork {
  readonly #options: ImageTransferOptions;

  constructor(options: ImageTransferOptions) {
    this.#options = options;
    for (const seconds of [options.verificationTime ?? 0, options.activationTime ?? 0]) {
      if (seconds >= 0 && Number.isFinite(seconds)) continue;
      throw new Fault("bad-value", `verification or activation cannot take ${seconds} s`, { layer: "cosem" });
    }
  }

  /** Completes an operation that takes time. */
  readonly timeline: Timeline<ImageValues, Context, TimeContext> = {
    missed: "each",
    next({ imageTransferStatus, state }, { clockAt }, after) {
      if (state === undefined || !isWorking(imageTransferStatus)) return undefined;
      const due = clockAt(Number(state.due));
      // An operation that was not completed then is tried again.
      return due > after ? due : after + again;
    },
    run: (values, context, at) => this.#run(values, context, at),
    restored: ({ imageTransferStatus: status, state }, { clockAt }, from) => {
      if (!isWorking(status)) return [];
      // The restart counts as the power failure.
      return [this.#restarts && status === Status.imageActivationInitiated ? clockAt(Number(state?.due)) : from];
    },
  };

  #run(values: ImageValues, context: Context, at: number): MaybePromise<void> {
    const { imageTransferStatus: status, state } = values;
    if (state === undefined || !isWorking(status)) return undefined;
    const verifying = status === Status.imageVerificationInitiated;
    const ahead = context.now - context.elapsed;
    if (at - ahead < Number(state.due)) return this.#interrupted(values, context);
    if (!verifying) return this.#activate(values, state, context);
    return after(this.#verify(values, state, context), (verified) => {
      if (verified && state.activateNext) return this.beginActivation(values, context);
    });
  }

  /** Called after a power failure. */
  #interrupted(values: ImageValues, { elapsed }: Context): void {
    const verifying = values.imageTransferStatus === Status.imageVerificationInitiated;
    const { interrupted = "fails", verificationTime = 0, activationTime = 0 } = this.#options;
    const lasts = 1000 * (verifying ? verificationTime : activationTime);
    const due = interrupted === "resumes" ? instant(elapsed + lasts) : 0n;
    values.state = { ...stateOf(values), due };
    if (interrupted === "resumes") return;
    values.imageTransferStatus = verifying ? Status.imageTransferInitiated : Status.imageActivationFailed;
  }

  get #restarts(): boolean {
    return this.#options.restarts === true;
  }

  beginVerification(values: ImageValues, context: Context, activateNext: boolean): MaybePromise<void> {
    if (!isComplete(values)) throw refuse("other-reason", "blocks are missing");
    const { verificationTime = 0 } = this.#options;
    const state = { ...stateOf(values), replacing: false, activateNext };
    values.imageToActivateInfo = [];
    values.imageTransferStatus = Status.imageVerificationInitiated;
    values.state = { ...state, due: instant(context.elapsed + 1000 * verificationTime) };
    if (verificationTime > 0) return working(context);
    return after(this.#verify(values, values.state, context), (verified) => {
      if (!verified) throw refuseAndKeep("other-reason", "the verification of the image has failed");
      return activateNext ? this.beginActivation(values, context) : undefined;
    });
  }

  /** Verifies the image; returns whether it is valid. */
  #verify(values: ImageValues, state: ImageTransferState, context: Context): MaybePromise<boolean> {
    const { verify } = this.#options;
    const ended = (found: boolean | readonly ImageToActivateInfo[]): boolean => {
      const verified = found !== false;
      values.state = { ...state, due: 0n, activateNext: false };
      values.imageTransferStatus = verified ? Status.imageVerificationSuccessful : Status.imageVerificationFailed;
      if (verified) values.imageToActivateInfo = found === true ? [usualInfo(state)] : [...found];
      return verified;
    };
    return after(
      withImage(state, context, `the verification by ${context.object.instance}`, (image) =>
        verify === undefined ? true : verify(image, context),
      ),
      ended,
    );
  }

  beginActivation(values: ImageValues, context: Context): MaybePromise<void> {
    const { activationTime = 0, activationAnswer } = this.#options;
    values.imageTransferStatus = Status.imageActivationInitiated;
    const state = { ...stateOf(values), due: instant(context.elapsed + 1000 * activationTime), activateNext: false };
    values.state = state;
    if (activationTime > 0) {
      if (this.#restarts) context.device.restart?.(context.now + 1000 * activationTime);
      return activationAnswer === "success" ? undefined : working(context);
    }
    return after(this.#activate(values, state, context), () => {
      if (values.imageTransferStatus === Status.imageActivationSuccessful) return;
      throw refuseAndKeep("other-reason", "the activation of the image has failed");
    });
  }

  #activate(values: ImageValues, state: ImageTransferState, context: Context): MaybePromise<void> {
    const { activate, firmware } = this.#options;
    const activated = withImage(state, context, `the activation by ${context.object.instance}`, (image) =>
      after(activate?.(image, context), (done) => {
        if (done === false || firmware === undefined) return done !== false;
        return after(showVersion(logicalName(firmware), image.identifier, context), () => true);
      }),
    );
    return after(activated, (done) => {
      values.state = { ...state, due: 0n };
      values.imageTransferStatus = done ? Status.imageActivationSuccessful : Status.imageActivationFailed;
    });
  }
}

// ms until a verification or activation that was not completed is tried again.
const again = 60_000;

const instant = (ms: number): bigint => BigInt(Math.ceil(ms));

const noOctets = new Uint8Array(0);

const usualInfo = ({ imageIdentifier, imageSize }: ImageTransferState): ImageToActivateInfo => ({
  imageToActivateSize: imageSize,
  imageToActivateIdentification: imageIdentifier,
  imageToActivateSignature: noOctets,
});

/**
 * Calls a function of the port with the image; returns false and reports an event if the function throws. Throws a refusal if the blocks
 * cannot be read yet.
 */
function withImage<R>(
  state: ImageTransferState,
  context: Context,
  what: string,
  run: (image: Image) => MaybePromise<R | boolean>,
): MaybePromise<R | boolean> {
  return after(imageOctets(state, context), (octets) => {
    if (octets === undefined) throw refuse("temporary-failure", "blocks of the same request cannot be read yet");
    return attempt<R | boolean>(
      () => run({ identifier: state.imageIdentifier, octets }),
      (error) => {
        context.device.failed?.(what, error);
        return false;
      },
    );
  });
}

/** Writes the identifier to the Data object, in the type that its value has. */
function showVersion(instanceId: LogicalName, identifier: Uint8Array, { device }: Context): MaybePromise<void> {
  const attribute = { classId: 1, instanceId, attributeId: 2 };
  return after(device.get(attribute), (shown) => {
    const isText = shown.type === "visible-string" || (shown.type === "encoded" && shown.octets[0] === visibleString);
    const text = (): string => String.fromCharCode(...identifier);
    return device.set(
      attribute,
      isText ? { type: "visible-string", value: text() } : { type: "octet-string", value: identifier },
    );
  });
}

const visibleString = 10;
