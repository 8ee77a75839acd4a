-- name: calibrations
-- The calibrations of a canteen's scales, the newest first.
SELECT calibration_id, scale, calibrated_on, valid_until, certificate, recorded_by, recorded_at FROM scale_calibration
WHERE book = $1 AND canteen_id = $2 ORDER BY calibrated_on DESC, calibration_id DESC;
