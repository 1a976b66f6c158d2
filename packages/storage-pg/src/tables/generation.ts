import {
  checkRow,
  LoadProfileTemplate,
  type LoadProfileTemplates,
  PowerQualityEventConfig,
  type PowerQualityEventConfigs,
} from "@dlmskit/storage";
import { msOf, parametersOf, storedRowOf, utcNow } from "../columns.ts";
import type { Database } from "../database.ts";
import { PgRows } from "../rows.ts";

const selectTemplate = `
  SELECT t.id, t.template_name, t.season, t.day_type, t.interval_minutes, t.base_load::float8 AS base_load,
    t.peak_load::float8 AS peak_load, t.variation_pattern::text AS variation_pattern, ${msOf("t.created_at")}
  FROM load_profile_templates t`;

const insertTemplate = `
  INSERT INTO load_profile_templates (template_name, season, day_type, interval_minutes, base_load, peak_load,
    variation_pattern, created_at)
  VALUES ($1::text, $2::text, $3::text, $4::int, $5::text::numeric, $6::text::numeric, $7::text::jsonb, ${utcNow})
  RETURNING id`;

const replaceTemplate = `
  UPDATE load_profile_templates
  SET template_name = $1::text, season = $2::text, day_type = $3::text, interval_minutes = $4::int,
    base_load = $5::text::numeric, peak_load = $6::text::numeric, variation_pattern = $7::text::jsonb
  WHERE id = $8::int
  RETURNING id`;

export function pgLoadProfileTemplates(db: Database): LoadProfileTemplates {
  return new PgRows<LoadProfileTemplate>(db, {
    table: "load_profile_templates",
    select: selectTemplate,
    insert: insertTemplate,
    replace: replaceTemplate,
    groups: "SELECT DISTINCT 'all' AS key FROM load_profile_templates",
    check: (row) => checkRow(LoadProfileTemplate, row),
    read: (row) => storedRowOf(LoadProfileTemplate, row),
    parameters: (row) => parametersOf(LoadProfileTemplate, row),
  });
}

const selectEvent = `
  SELECT t.id, t.event_type, t.probability::float8 AS probability, t.min_duration, t.max_duration,
    t.min_magnitude::float8 AS min_magnitude, t.max_magnitude::float8 AS max_magnitude,
    array_to_json(t.affected_phases)::text AS affected_phases, ${msOf("t.created_at")}
  FROM power_quality_events_config t`;

// affected_phases comes as a JSON list.
const phases = "ARRAY(SELECT jsonb_array_elements_text($7::text::jsonb))";

const insertEvent = `
  INSERT INTO power_quality_events_config (event_type, probability, min_duration, max_duration, min_magnitude,
    max_magnitude, affected_phases, created_at)
  VALUES ($1::text, $2::text::numeric, $3::int, $4::int, $5::text::numeric, $6::text::numeric, ${phases}, ${utcNow})
  RETURNING id`;

const replaceEvent = `
  UPDATE power_quality_events_config
  SET event_type = $1::text, probability = $2::text::numeric, min_duration = $3::int, max_duration = $4::int,
    min_magnitude = $5::text::numeric, max_magnitude = $6::text::numeric, affected_phases = ${phases}
  WHERE id = $8::int
  RETURNING id`;

export function pgPowerQualityEvents(db: Database): PowerQualityEventConfigs {
  return new PgRows<PowerQualityEventConfig>(db, {
    table: "power_quality_events_config",
    select: selectEvent,
    insert: insertEvent,
    replace: replaceEvent,
    groups: "SELECT DISTINCT 'all' AS key FROM power_quality_events_config",
    check: (row) => checkRow(PowerQualityEventConfig, row),
    read: (row) => storedRowOf(PowerQualityEventConfig, row),
    parameters: (row) => parametersOf(PowerQualityEventConfig, row),
  });
}
