SELECT coalesce(park, 'Nước mặt') AS park
  FROM wall_turn
