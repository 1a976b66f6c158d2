import { dataOf } from "@dlmskit/apdu";
import { Fault, fromAscii, type LogicalName, logicalName, toHex } from "@dlmskit/core";
import { ImageTransfer, type MethodSpec, ImageTransferStatus as Status, type Values } from "@dlmskit/cosem-objects";
import type { Clock } from "@dlmskit/transport";
import { isOfLine } from "./link-drops.ts";
import type { Session } from "./session.ts";
import type { AttributeOf } from "./typed-read.ts";

type ImageValues = Values<typeof ImageTransfer>;
type ImageInfo = ImageValues["imageToActivateInfo"];

/** The progress of a load. */
export interface ImageProgress {
  readonly step: "transfer" | "verify" | "activate";
  /** Number of blocks that the meter has. */
  readonly transferred: number;
  readonly blocks: number;
}

export interface LoadImageOptions {
  readonly clock: Clock;
  /** The Image transfer object; 0-0:44.0.0 by default. */
  readonly instanceId?: LogicalName;
  /** image_identifier: octets, or ASCII text. */
  readonly identifier: Uint8Array | string;
  /** Continues an interrupted transfer of this image: only the missing blocks are sent. */
  readonly resume?: boolean;
  /** False: the image is verified but not activated; a schedule of the meter or a later call activates it. True by default. */
  readonly activate?: boolean;
  /** Whether image_to_activate_info of the meter describes the loaded image. By default identifier and size are compared. */
  check?(info: ImageInfo): boolean;
  /** Time between two reads of image_transfer_status while the meter verifies or activates, ms; 2000 by default. */
  readonly pollEvery?: number;
  /** How long the meter may take to verify, and to activate, ms; 600,000 by default. */
  readonly within?: number;
  /**
   * Opens the association again after the line was lost or the meter restarted. It throws to end the load. Without this option, a lost
   * line ends the load, and `resume` continues it later.
   */
  reconnect?(): Promise<Session>;
  progress?(progress: ImageProgress): void;
}

export interface LoadedImage {
  /** image_transfer_status at the end: 3 verified, 6 activated. */
  readonly status: number;
  readonly info: ImageInfo;
  /** The session that is open at the end: the given session, or the last one of `reconnect`. */
  readonly session: Session;
}

// How many times in a row the missing blocks are sent, or a session is opened, without progress.
const mostTries = 5;

/**
 * Loads a firmware image into a meter (class 18; Blue Book 4.4.6): initiates the transfer, sends the blocks, sends missing blocks
 * again, verifies, checks image_to_activate_info, and activates. Faults: `image-not-transferred`, `image-not-verified`,
 * `image-mismatch`, `image-not-activated`, the results with which the meter refuses, and without `reconnect` those of the line.
 */
export function loadImage(session: Session, image: Uint8Array, options: LoadImageOptions): Promise<LoadedImage> {
  return new ImageLoad(session, image, options).run();
}

const isWorking = (status: number): boolean =>
  status === Status.imageVerificationInitiated || status === Status.imageActivationInitiated;

class ImageLoad {
  #session: Session;
  readonly #image: Uint8Array;
  readonly #options: LoadImageOptions;
  readonly #instanceId: LogicalName;
  readonly #identifier: Uint8Array;
  #blockSize = 1;
  #failures = 0;

  constructor(session: Session, image: Uint8Array, options: LoadImageOptions) {
    this.#session = session;
    this.#image = image;
    this.#options = options;
    const { identifier } = options;
    this.#identifier = typeof identifier === "string" ? fromAscii(identifier) : identifier;
    this.#instanceId = logicalName(options.instanceId ?? "0.0.44.0.0.255");
  }

  get #blocks(): number {
    return Math.ceil(this.#image.length / this.#blockSize);
  }

  async run(): Promise<LoadedImage> {
    const { activate = true } = this.#options;
    let status = await this.#onLine(() => this.#begin());
    if (status === Status.imageTransferInitiated) status = await this.#transfer();
    this.#tell("verify", this.#blocks);
    if (status !== Status.imageVerificationSuccessful) status = await this.#verify();
    const info = await this.#onLine(() => this.#read("imageToActivateInfo"));
    this.#check(info);
    if (activate) status = await this.#activate(status);
    return { status, info, session: this.#session };
  }

  #tell(step: ImageProgress["step"], transferred: number): void {
    this.#options.progress?.({ step, transferred, blocks: this.#blocks });
  }

  #read<K extends AttributeOf<typeof ImageTransfer>>(attribute: K) {
    return this.#session.read(ImageTransfer, this.#instanceId, attribute);
  }

  #invoke<K extends keyof (typeof ImageTransfer)["methods"]>(method: K, argument: unknown): Promise<unknown> {
    const { id, argument: type }: MethodSpec = ImageTransfer.methods[method];
    const reference = { classId: ImageTransfer.classId, instanceId: this.#instanceId, methodId: id };
    return this.#session.invoke(reference, dataOf(type, argument as never));
  }

  /** Runs it; if the line is lost, runs it again in a new session. */
  async #onLine<T>(run: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        const result = await run();
        this.#failures = 0;
        return result;
      } catch (caught) {
        if (!(caught instanceof Fault) || !isOfLine(caught)) throw caught;
        await this.#again(caught);
      }
    }
  }

  /** Opens the next session; a meter that restarts does not answer for some time. */
  async #again(why: Fault): Promise<void> {
    const { reconnect, clock } = this.#options;
    this.#failures++;
    if (reconnect === undefined || this.#failures > mostTries) throw why;
    await this.#session.close();
    const end = clock.now() + this.#within;
    for (;;) {
      try {
        this.#session = await reconnect();
        return;
      } catch (caught) {
        if (!(caught instanceof Fault) || !isOfLine(caught) || clock.now() >= end) throw caught;
      }
      await this.#wait();
    }
  }

  get #within(): number {
    return this.#options.within ?? 600_000;
  }

  #wait(): Promise<void> {
    const { clock, pollEvery = 2000 } = this.#options;
    return new Promise((resolve) => {
      clock.at(clock.now() + pollEvery, () => resolve());
    });
  }

  /** Initiates the transfer, or finds the interrupted transfer; returns the status. */
  async #begin(): Promise<number> {
    this.#blockSize = await this.#read("imageBlockSize");
    if (this.#options.resume === true) {
      const status = await this.#read("imageTransferStatus");
      const bits = await this.#read("imageTransferredBlocksStatus");
      const isThis = bits.length === this.#blocks && status !== Status.imageTransferNotInitiated;
      if (isThis && status <= Status.imageVerificationSuccessful) return status;
    }
    await this.#invoke("imageTransferInitiate", { imageIdentifier: this.#identifier, imageSize: this.#image.length });
    return Status.imageTransferInitiated;
  }

  async #transfer(): Promise<number> {
    let before = -1;
    for (let tries = 0; ; tries++) {
      const bits = await this.#onLine(() => this.#read("imageTransferredBlocksStatus"));
      const missing = [...bits].flatMap((bit, block) => (bit === "0" ? [block] : []));
      const transferred = bits.length - missing.length;
      this.#tell("transfer", transferred);
      if (missing.length === 0) return Status.imageTransferInitiated;
      if (transferred > before) tries = 0;
      before = transferred;
      if (tries >= mostTries) {
        throw new Fault("image-not-transferred", `${missing.length} of ${bits.length} blocks are missing`, {
          layer: "client",
          hint: "check the line, then call loadImage with `resume`",
        });
      }
      await this.#send(missing, transferred);
    }
  }

  /** Sends blocks. If a block is not answered, the next read of the meter shows whether it was received. */
  async #send(blocks: readonly number[], transferred: number): Promise<void> {
    let sent = transferred;
    for (const block of blocks) {
      const from = block * this.#blockSize;
      const imageBlockValue = this.#image.subarray(from, from + this.#blockSize);
      try {
        await this.#invoke("imageBlockTransfer", { imageBlockNumber: block, imageBlockValue });
      } catch (caught) {
        if (!(caught instanceof Fault) || !isOfLine(caught)) throw caught;
        await this.#again(caught);
        return;
      }
      this.#failures = 0;
      sent++;
      this.#tell("transfer", sent);
    }
  }

  /**
   * Invokes a method that may take time; returns the status when the meter has finished. `before`: the status values before the method
   * starts.
   */
  async #work(method: "imageVerify" | "imageActivate", before: readonly number[]): Promise<number> {
    const { clock } = this.#options;
    const status = (): Promise<number> => this.#onLine(() => this.#read("imageTransferStatus"));
    while (await this.#isLost(method)) if (!before.includes(await status())) break;
    const end = clock.now() + this.#within;
    for (;;) {
      const now = await status();
      if (!isWorking(now) || clock.now() >= end) return now;
      await this.#wait();
    }
  }

  /** Invokes a method; returns whether its answer was lost. */
  async #isLost(method: "imageVerify" | "imageActivate"): Promise<boolean> {
    try {
      await this.#invoke(method, 0);
    } catch (caught) {
      if (!(caught instanceof Fault)) throw caught;
      if (isOfLine(caught)) {
        await this.#again(caught);
        return true;
      }
      // The status shows the result.
      if (caught.code !== "temporary-failure" && caught.code !== "other-reason") throw caught;
    }
    this.#failures = 0;
    return false;
  }

  async #verify(): Promise<number> {
    const status = await this.#work("imageVerify", [Status.imageTransferInitiated]);
    const verified = status === Status.imageVerificationSuccessful || status > Status.imageVerificationFailed;
    if (verified) return status;
    throw new Fault("image-not-verified", `after image_verify the image_transfer_status is ${status}`, {
      layer: "client",
    });
  }

  #check(info: ImageInfo): void {
    const { check = (shown: ImageInfo) => this.#isLoaded(shown) } = this.#options;
    if (check(info)) return;
    const shown = info.map((one) => `${toHex(one.imageToActivateIdentification)} of ${one.imageToActivateSize} octets`);
    const loaded = `${toHex(this.#identifier)} of ${this.#image.length} octets`;
    throw new Fault("image-mismatch", `the meter has ${shown.join(", ") || "no image"}, but ${loaded} was loaded`, {
      layer: "client",
    });
  }

  #isLoaded(info: ImageInfo): boolean {
    const identifier = toHex(this.#identifier);
    return info.some(
      (one) =>
        one.imageToActivateSize === this.#image.length && toHex(one.imageToActivateIdentification) === identifier,
    );
  }

  async #activate(before: number): Promise<number> {
    this.#tell("activate", this.#blocks);
    const done = before === Status.imageActivationSuccessful;
    const status = done ? before : await this.#work("imageActivate", [Status.imageVerificationSuccessful]);
    if (status === Status.imageActivationSuccessful) return status;
    throw new Fault("image-not-activated", `after image_activate the image_transfer_status is ${status}`, {
      layer: "client",
    });
  }
}
