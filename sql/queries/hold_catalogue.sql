SELECT hold_catalogue()
