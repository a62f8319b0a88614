DROP TABLE delivery_clocks;
