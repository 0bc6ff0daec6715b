-- Published: which device speaks for which. A device names its gateway in its attribute "gateway",
-- by code or by the key of its own system; both must be in service.
CREATE VIEW devices.gateway_now AS
SELECT
    member.device_key AS member_key,
    member.code AS member_code,
    gateway.device_key AS gateway_key,
    gateway_entity.code AS gateway_code
FROM devices.device_now member
-- Indexes: entity.code, entity.external_key (both unique).
JOIN registry.entity gateway_entity
    ON gateway_entity.entity_key = COALESCE(
        (SELECT e.entity_key FROM registry.entity e WHERE e.code = member.attributes ->> 'gateway'),
        (
            SELECT e.entity_key
            FROM registry.entity e
            WHERE e.external_key = member.attributes ->> 'gateway'
        )
    )
    AND gateway_entity.state = 'bound'
JOIN devices.device gateway
    ON gateway.entity_key = gateway_entity.entity_key AND gateway.retired_at IS NULL
WHERE member.attributes ? 'gateway'
  AND gateway.device_key <> member.device_key;
