import { ClientAssociation, type ClientAssociations, checkRow } from "@dlmskit/storage";
import { msOf, parametersOf, storedRowOf, utcNow } from "../columns.ts";
import type { Database } from "../database.ts";
import { PgRows } from "../rows.ts";

// A row that a hand added to client_associations alone is for all templates, logical device 1, the current association.
const select = `
  SELECT t.id, d.template, COALESCE(d.logical_device, 1) AS logical_device,
    COALESCE(d.instance_id, '0.0.40.0.0.255') AS instance_id, t.client_id, t.authentication_level, t.context_name,
    t.conformance, t.max_receive_pdu_size, t.max_send_pdu_size, t.dlms_version, t.quality_of_service, ${msOf("t.created_at")}
  FROM client_associations t
  LEFT JOIN client_association_details d ON d.association_id = t.id`;

// $1 template, $2 logical device, $3 instance id, $4 … what client_associations holds.
const insert = `
  WITH added AS (
    INSERT INTO client_associations (client_id, authentication_level, context_name, conformance, max_receive_pdu_size,
      max_send_pdu_size, dlms_version, quality_of_service, created_at)
    VALUES ($4::int, $5::int, $6::text, $7::int, $8::int, $9::int, $10::int, $11::int, ${utcNow})
    RETURNING id
  ), details AS (
    INSERT INTO client_association_details (association_id, template, logical_device, instance_id)
    SELECT id, $1::text, $2::int, $3::text FROM added
  )
  SELECT id FROM added`;

const replace = `
  WITH changed AS (
    UPDATE client_associations
    SET client_id = $4::int, authentication_level = $5::int, context_name = $6::text, conformance = $7::int,
      max_receive_pdu_size = $8::int, max_send_pdu_size = $9::int, dlms_version = $10::int, quality_of_service = $11::int
    WHERE id = $12::int
    RETURNING id
  ), details AS (
    INSERT INTO client_association_details (association_id, template, logical_device, instance_id)
    SELECT id, $1::text, $2::int, $3::text FROM changed
    ON CONFLICT (association_id) DO UPDATE
    SET template = EXCLUDED.template, logical_device = EXCLUDED.logical_device, instance_id = EXCLUDED.instance_id
  )
  SELECT id FROM changed`;

const groups = `
  SELECT DISTINCT d.template AS key
  FROM client_associations t
  LEFT JOIN client_association_details d ON d.association_id = t.id`;

export function pgClientAssociations(db: Database): ClientAssociations {
  return new PgRows<ClientAssociation>(db, {
    table: "client_associations",
    select,
    insert,
    replace,
    groups,
    check: (row) => checkRow(ClientAssociation, row),
    read: (row) => storedRowOf(ClientAssociation, row),
    parameters: (row) => parametersOf(ClientAssociation, row),
    group: (row) => row.template ?? null,
  });
}
