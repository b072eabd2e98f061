SELECT item, what
  FROM current_stations AS station
 CROSS JOIN LATERAL (VALUES
       (1, 'Tên', station.name_vi),
       (2, 'Mã', station.code),
       (3, 'Loại', CASE station.kind WHEN 'effluent' THEN 'Nước thải' ELSE 'Nước mặt' END),
       (4, 'Khu, cụm', station.park),
       (5, 'Đơn vị vận hành', station.operator),
       (6, 'Lưu lượng cấp phép', trim_scale(station.permit_flow_m3_per_day::numeric)::text || ' m³/ngày'),
       (7, 'Bộ giới hạn', station.limit_set || ', Kq ' || replace(station.kq::text, '.', ',') || ', Kf ' || replace(station.kf::text, '.', ',')),
       (8, 'Hiệu lực từ', to_char(station.effective_from, 'DD/MM/YYYY')),
       (9, 'Ghi chú', CASE WHEN station.illustration THEN 'Trạm minh họa' END)
       ) AS described (n, item, what)
 WHERE station.code = ${station:sqlstring} AND what IS NOT NULL
 ORDER BY n
