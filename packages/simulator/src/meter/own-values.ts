import type { AnyObject, Context } from "@dlmskit/cosem-objects";

/** The values of a meter for an object of its template, which may have other hooks in the meter. */
export const ownValues = ({ spec, instance, values }: AnyObject, { device }: Context): AnyObject["values"] => {
  const object = device.find(spec.classId, instance);
  return object === undefined ? values : device.values(object);
};
