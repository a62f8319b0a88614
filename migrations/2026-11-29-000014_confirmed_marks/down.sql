DROP TABLE confirmed_marks;
DROP TABLE file_vouchers;
DROP TABLE unread_files;
