import type { ExceptionResponse } from "@dlmskit/apdu";
import { Fault } from "@dlmskit/core";
import { ActionExchange } from "./action-client.ts";
import type { Exchange, ExchangePort } from "./client-exchange.ts";
import { GetExchange } from "./get-client.ts";
import type { ServiceRequest } from "./services.ts";
import { SetExchange } from "./set-client.ts";

/** The client's end of a request, by its service. */
export function exchangeFor(request: ServiceRequest, port: ExchangePort): Exchange {
  switch (request.service) {
    case "get":
      return new GetExchange(request.items, port);
    case "set":
      return new SetExchange(request.items, port);
    case "action":
      return new ActionExchange(request.items, port);
  }
}

/** Faults `invocation-counter-error` (with the counter that the server expects, where it says so) and `exception-response`. */
export function exceptionFault({ stateError, serviceError, invocationCounter }: ExceptionResponse): Fault {
  if (serviceError === "invocation-counter-error") {
    return new Fault("invocation-counter-error", "the server has seen this invocation counter, or a higher one", {
      layer: "association",
      ...(invocationCounter === undefined ? {} : { expected: invocationCounter }),
    });
  }
  return new Fault("exception-response", `the server refuses the service: ${stateError}, ${serviceError}`, {
    layer: "association",
  });
}
